<?php

// GET /ext/v1/giftcards: all active cards of the store with at least L$100, one a line.
// All pages, the largest first. Scope: giftcards:read.

require __DIR__ . '/client.php';

$path = '/ext/v1/giftcards';
foreach (rows($path, ['active' => 'true', 'creditFrom' => 100, 'sort' => '-credit']) as $card) {
    echo json_encode($card), "\n";
}
