<?php

// POST /ext/v1/giftcards/{id}/notes: writes a note on a card, for good.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

require __DIR__ . '/client.php';

const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

$path = '/ext/v1/giftcards/' . CARD . '/notes';
$headers = [...BY_KEY, 'Idempotency-Key: order-1042-note'];
$body = ['text' => 'Asked to have it sent to her alt.'];
echo send('POST', $path, body: $body, headers: $headers), "\n";
