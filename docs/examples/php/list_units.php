<?php

// GET /ext/v1/units: the store's units, one a line.
// All pages, oldest first. Scope: units:read.

require __DIR__ . '/client.php';

foreach (rows('/ext/v1/units') as $unit) {
    echo json_encode($unit), "\n";
}
