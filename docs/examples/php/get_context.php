<?php

// GET /v1/customer/context: whose page it is.
// With the resident's token in X-Customer-Token.

require __DIR__ . '/client.php';

echo send('GET', '/v1/customer/context', headers: BY_TOKEN), "\n";
