<?php

// GET /ext/v1/store: the store and its settings. Scope: store:read.

require __DIR__ . '/client.php';

echo send('GET', '/ext/v1/store'), "\n";
