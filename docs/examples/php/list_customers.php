<?php

// GET /v1/customers: the store's customers, one a line.
// All pages. With spentMoreThan in the query, only those who spent more L$. Scope: customers:read.

require __DIR__ . '/client.php';

foreach (rows('/v1/customers') as $customer) {
    echo json_encode($customer), "\n";
}
