<?php

// POST /ext/v1/giftcards/actions/extend: lets several cards expire 30 days later.
// The answer has what came of each.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

require __DIR__ . '/client.php';

const CARDS = ['019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a', '019aad3c-a516-7273-8084-91a2b3c4d5e6'];

$path = '/ext/v1/giftcards/actions/extend';
$headers = [...BY_KEY, 'Idempotency-Key: raffle-2026-extend'];
$body = ['ids' => CARDS, 'days' => 30, 'reason' => 'the raffle goes on'];
echo send('POST', $path, body: $body, headers: $headers), "\n";
