<?php

// GET /ext/v1/customer/store: whose page it is, and whom to ask.
// With the resident's token in X-Customer-Token.

require __DIR__ . '/client.php';

echo send('GET', '/ext/v1/customer/store', headers: BY_TOKEN), "\n";
