<?php

// GET /ext/v1/webhooks: the store's webhooks, one a line.
// All pages, oldest first. Scope: webhooks:read.

require __DIR__ . '/client.php';

foreach (rows('/ext/v1/webhooks') as $webhook) {
    echo json_encode($webhook), "\n";
}
