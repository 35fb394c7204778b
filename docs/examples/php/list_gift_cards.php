<?php

// GET /v1/customers/{identifier}/giftcards: a customer's cards, one a line.
// Only active ones that are not redeemed; all pages, oldest first. Scope: giftcards:read.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$path = '/v1/customers/' . rawurlencode(CUSTOMER) . '/giftcards';
foreach (rows($path, ['active' => 'true', 'redeemed' => 'false']) as $card) {
    echo json_encode($card), "\n";
}
