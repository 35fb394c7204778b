<?php

// GET /v1/customer/account: the resident's store credit.
// With the resident's token in X-Customer-Token.

require __DIR__ . '/client.php';

echo send('GET', '/v1/customer/account', headers: BY_TOKEN), "\n";
