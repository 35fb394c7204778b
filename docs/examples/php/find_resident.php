<?php

// GET /ext/v1/customer/residents/{identifier}: who would get a card.
// With the resident's token in X-Customer-Token.

require __DIR__ . '/client.php';

echo send('GET', '/ext/v1/customer/residents/jo.winter', headers: BY_TOKEN), "\n";
