<?php

// GET /v1/customer/giftcards: the resident's own cards, one a line.
// All pages, oldest first, without cards that expired unredeemed. With the resident's token in
// X-Customer-Token.

require __DIR__ . '/client.php';

foreach (rows('/v1/customer/giftcards', headers: BY_TOKEN) as $card) {
    echo json_encode($card), "\n";
}
