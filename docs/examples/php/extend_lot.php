<?php

// POST /ext/v1/customers/{identifier}/credit/lots/{lot}/actions/extend.
// A lot ends at the end of 2099.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID
const LOT = '019aad3c-6e2f-7c4b-9e60-7f8a9b0c1d2e';

$path = '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/lots/' . LOT . '/actions/extend';
$headers = [...BY_KEY, 'Idempotency-Key: ticket-8-extend'];
echo send('POST', $path, body: ['expiresAt' => '2099-12-31T00:00:00Z'], headers: $headers), "\n";
