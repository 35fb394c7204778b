<?php

// POST /ext/v1/giftcards/{id}/holds: reserves L$100 of a card for 15 minutes.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

require __DIR__ . '/client.php';

const CARD = '019aad3c-a516-7273-8084-91a2b3c4d5e6';

$path = '/ext/v1/giftcards/' . CARD . '/holds';
$headers = [...BY_KEY, 'Idempotency-Key: order-1042-hold'];
echo send('POST', $path, body: ['amount' => 100, 'expiresIn' => 900], headers: $headers), "\n";
