<?php

// POST /ext/v1/giftcards/{id}/holds/{hold}/actions/void: frees what a hold reserved.
// No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

require __DIR__ . '/client.php';

const CARD = '019aad3c-a516-7273-8084-91a2b3c4d5e6';
const HOLD = '019aad3c-b12e-7b30-8d5f-6e7a8b9c0d1e';

$path = '/ext/v1/giftcards/' . CARD . '/holds/' . HOLD . '/actions/void';
$headers = [...BY_KEY, 'Idempotency-Key: order-1042-void'];
echo send('POST', $path, headers: $headers), "\n";
