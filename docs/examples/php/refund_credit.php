<?php

// POST /ext/v1/customers/{identifier}/credit/actions/refund: undoes a spend, or part of it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

require __DIR__ . '/client.php';

const SPEND = '019aad3c-5e1d-7b3a-8d5f-6e7f8a9b0c1d';
const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$path = '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/actions/refund';
$headers = [...BY_KEY, 'Idempotency-Key: order-1042-refund'];
$body = [
    'spend' => SPEND,
    'amount' => 300,
    'reason' => 'order cancelled',
    'reference' => 'order 1042',
];
echo send('POST', $path, body: $body, headers: $headers), "\n";
