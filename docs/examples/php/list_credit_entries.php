<?php

// GET /ext/v1/customers/{identifier}/credit/entries: the credit's ledger, one entry a line.
// All pages, oldest first. Scope: credits:read.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

foreach (rows('/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/entries') as $entry) {
    echo json_encode($entry), "\n";
}
