<?php

// PATCH /ext/v1/units/{unit}: lets a unit give L$150, without a bound on its cards.
// Scope: units:write.

require __DIR__ . '/client.php';

const UNIT = '019aad3f-4444-7555-8666-777788889999';

echo send('PATCH', '/ext/v1/units/' . UNIT, body: ['credit' => 150, 'maxCards' => null]), "\n";
