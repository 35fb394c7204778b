<?php

// GET /v1/loyalty/tiers: always an empty array here. Scope: store:read.

require __DIR__ . '/client.php';

echo send('GET', '/v1/loyalty/tiers'), "\n";
