<?php

// PUT /v1/giftcards/{id}: sets a card's credit to L$250 and keeps the rest.
//
// The request replaces credit, texture, transfer and active, all four, so the card is read first.
// If-Match sees to it that nobody else's change is lost: if there was one, the answer is 412 and
// nothing happens.
// Scopes: giftcards:read, giftcards:write.

require __DIR__ . '/client.php';

const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

$path = '/v1/giftcards/' . CARD;
$card = json_decode(send('GET', $path, answered: $answered), true);
$kept = array_intersect_key($card, ['texture' => 1, 'transfer' => 1, 'active' => 1]);
$headers = [...BY_KEY, 'If-Match: ' . $answered['etag']];
echo send('PUT', $path, body: ['credit' => 250] + $kept, headers: $headers), "\n";
