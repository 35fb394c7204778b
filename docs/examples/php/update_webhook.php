<?php

// PATCH /ext/v1/webhooks/{webhook}: has events of other types posted to a webhook.
// What is omitted is left. No types at all mean all of them.
// Scope: webhooks:write.

require __DIR__ . '/client.php';

const WEBHOOK = '019aad3c-c23f-7c41-9e60-7f8091a2b3c4';
const CHANGE = ['types' => ['gift_card.redeemed']];

echo send('PATCH', '/ext/v1/webhooks/' . WEBHOOK, body: CHANGE), "\n";
