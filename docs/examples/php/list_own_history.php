<?php

// GET /ext/v1/customer/history: what happened to the resident's cards and credit.
// One moment a line, the newest first. With the resident's token in X-Customer-Token.

require __DIR__ . '/client.php';

foreach (rows('/ext/v1/customer/history', headers: BY_TOKEN) as $moment) {
    echo json_encode($moment), "\n";
}
