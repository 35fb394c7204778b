<?php

// GET /ext/v1/reports/activity: what was granted, redeemed and spent, month by month.
// Scope: reports:read.

require __DIR__ . '/client.php';

echo send('GET', '/ext/v1/reports/activity?by=month'), "\n";
