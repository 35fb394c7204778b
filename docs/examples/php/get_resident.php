<?php

// GET /ext/v1/residents/{identifier}: who is behind a username, or a UUID.
// Scope: customers:read.

require __DIR__ . '/client.php';

const RESIDENT = 'kelly.moonwall'; // a username or an avatar UUID

echo send('GET', '/ext/v1/residents/' . rawurlencode(RESIDENT)), "\n";
