<?php

// POST /ext/v1/webhooks/{webhook}/deliveries/{delivery}/actions/redeliver: posts it once more.
// No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

require __DIR__ . '/client.php';

const WEBHOOK = '019aad3c-c23f-7c41-9e60-7f8091a2b3c4';
const DELIVERY = '019aad3c-d34f-7d52-8f71-8091a2b3c4d5';

$path = '/ext/v1/webhooks/' . WEBHOOK . '/deliveries/' . DELIVERY . '/actions/redeliver';
$headers = [...BY_KEY, 'Idempotency-Key: hook-1-again'];
echo send('POST', $path, headers: $headers), "\n";
