<?php

// POST /ext/v1/customers/{identifier}/credit/actions/move: all store credit to a new avatar.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$path = '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/actions/move';
$headers = [...BY_KEY, 'Idempotency-Key: ticket-7-move'];
$body = ['receiverIdentifier' => 'jo.winter', 'reason' => 'new avatar', 'reference' => 'ticket 7'];
echo send('POST', $path, body: $body, headers: $headers), "\n";
