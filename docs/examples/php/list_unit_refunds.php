<?php

// GET /ext/v1/units/{unit}/refunds: what a vendor was paid for nothing, one a line.
// All pages, newest first. Scope: units:read.

require __DIR__ . '/client.php';

const UNIT = '019aad3f-4444-7555-8666-77778888999b';

foreach (rows('/ext/v1/units/' . UNIT . '/refunds') as $refund) {
    echo json_encode($refund), "\n";
}
