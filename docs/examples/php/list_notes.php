<?php

// GET /ext/v1/giftcards/{id}/notes: the notes on a card, one a line.
// All pages, oldest first. Scope: giftcards:read.

require __DIR__ . '/client.php';

const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

foreach (rows('/ext/v1/giftcards/' . CARD . '/notes') as $note) {
    echo json_encode($note), "\n";
}
