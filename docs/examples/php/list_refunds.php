<?php

// GET /ext/v1/refunds: what vendors were paid for nothing, and is owed, one a line.
// All pages, newest first. Scope: units:read.

require __DIR__ . '/client.php';

foreach (rows('/ext/v1/refunds', ['state' => 'owed']) as $refund) {
    echo json_encode($refund), "\n";
}
