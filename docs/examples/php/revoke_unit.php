<?php

// POST /ext/v1/units/{unit}/actions/revoke: ends a unit's object; another one can be paired.
// No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

require __DIR__ . '/client.php';

const UNIT = '019aad3f-4444-7555-8666-777788889999';

$path = '/ext/v1/units/' . UNIT . '/actions/revoke';
$headers = [...BY_KEY, 'Idempotency-Key: welcome-gift-revoke'];
echo send('POST', $path, headers: $headers), "\n";
