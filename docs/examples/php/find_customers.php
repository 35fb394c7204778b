<?php

// GET /ext/v1/customers: the store's customers, one a line.
// All pages of those who have credit, the most first. With search in place of sort, those whose
// usernames begin with it. Scope: customers:read.

require __DIR__ . '/client.php';

foreach (rows('/ext/v1/customers', ['sort' => '-credit']) as $customer) {
    echo json_encode($customer), "\n";
}
