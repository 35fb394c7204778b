<?php

// GET /v1/customer/profile: whom the page greets.
// With the resident's token in X-Customer-Token.

require __DIR__ . '/client.php';

echo send('GET', '/v1/customer/profile', headers: BY_TOKEN), "\n";
