<?php

// GET /ext/v1/residents: the residents whom the store knows, one a line.
// All pages of those whose usernames begin with the prefix. Scope: customers:read.

require __DIR__ . '/client.php';

foreach (rows('/ext/v1/residents', ['prefix' => 'kel']) as $resident) {
    echo json_encode($resident), "\n";
}
