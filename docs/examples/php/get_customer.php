<?php

// GET /ext/v1/customers/{identifier}: a customer, and what the cards amount to.
// Scope: customers:read.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

echo send('GET', '/ext/v1/customers/' . rawurlencode(CUSTOMER)), "\n";
