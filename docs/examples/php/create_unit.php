<?php

// POST /ext/v1/units: a unit that gives L$100 to each resident who touches it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

require __DIR__ . '/client.php';

$path = '/ext/v1/units';
$headers = [...BY_KEY, 'Idempotency-Key: welcome-gift'];
$body = ['kind' => 'delivery', 'name' => 'Welcome gift', 'credit' => 100, 'maxCards' => 1000];
echo send('POST', $path, body: $body, headers: $headers), "\n";
