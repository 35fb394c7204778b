<?php

// POST /ext/v1/customers/{identifier}/credit/actions/deposit: L$500 of store credit.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$path = '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/actions/deposit';
$headers = [...BY_KEY, 'Idempotency-Key: hunt-2026-kelly'];
$body = ['amount' => 500, 'reason' => 'prize', 'reference' => 'hunt 2026'];
echo send('POST', $path, body: $body, headers: $headers), "\n";
