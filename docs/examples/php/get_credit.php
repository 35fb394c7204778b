<?php

// GET /ext/v1/customers/{identifier}/credit: a customer's store credit.
// Scope: credits:read.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

echo send('GET', '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit'), "\n";
