<?php

// GET /ext/v1/holds: the holds that reserve credit now, one a line.
// All pages, those that end first before others. Scope: giftcards:read.

require __DIR__ . '/client.php';

foreach (rows('/ext/v1/holds', ['state' => 'open']) as $hold) {
    echo json_encode($hold), "\n";
}
