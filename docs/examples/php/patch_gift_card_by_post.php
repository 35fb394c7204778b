<?php

// POST /ext/v1/giftcards/{id}/actions/patch: PATCH for clients that have none.
// Scope: giftcards:write.

require __DIR__ . '/client.php';

const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

$body = ['transfer' => false];
echo send('POST', '/ext/v1/giftcards/' . CARD . '/actions/patch', body: $body), "\n";
