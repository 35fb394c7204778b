<?php

// POST /ext/v1/customers/{identifier}/credit/actions/spend: takes L$300 of store credit.
// Keep the id in the answer: a refund names it. The idempotency key makes it safe to repeat after a
// time-out: it is done once.
// Scope: credits:write.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$path = '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/actions/spend';
$headers = [...BY_KEY, 'Idempotency-Key: order-1042-spend'];
$body = ['amount' => 300, 'reason' => 'order', 'reference' => 'order 1042'];
echo send('POST', $path, body: $body, headers: $headers), "\n";
