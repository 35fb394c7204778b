<?php

// GET /ext/v1/units/{unit}/claims: what a unit has given, one a line.
// All pages, oldest first. Scope: units:read.

require __DIR__ . '/client.php';

const UNIT = '019aad3f-4444-7555-8666-777788889999';

foreach (rows('/ext/v1/units/' . UNIT . '/claims') as $claim) {
    echo json_encode($claim), "\n";
}
