<?php

// GET /ext/v1/reports/liability: what the store owes now.
// Scope: reports:read.

require __DIR__ . '/client.php';

echo send('GET', '/ext/v1/reports/liability'), "\n";
