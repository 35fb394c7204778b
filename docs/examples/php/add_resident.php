<?php

// POST /ext/v1/residents: says which username an avatar has now.
// It is safe to repeat: a resident who is known is answered with 200 instead of 201.
// Scope: customers:write.

require __DIR__ . '/client.php';

const RESIDENT = ['uuid' => '2d3e4f50-6172-4839-8a4b-5c6d7e8f9012', 'username' => 'robin.sommer'];

echo send('POST', '/ext/v1/residents', body: RESIDENT), "\n";
