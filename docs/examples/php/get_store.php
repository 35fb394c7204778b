<?php

// GET /v1/store: the store that the key belongs to. Scope: store:read.

require __DIR__ . '/client.php';

echo send('GET', '/v1/store'), "\n";
