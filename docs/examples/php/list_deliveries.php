<?php

// GET /ext/v1/webhooks/{webhook}/deliveries: what could not be posted to a webhook, one a line.
// All pages, newest first. Scope: webhooks:read.

require __DIR__ . '/client.php';

const WEBHOOK = '019aad3c-c23f-7c41-9e60-7f8091a2b3c4';

foreach (rows('/ext/v1/webhooks/' . WEBHOOK . '/deliveries', ['state' => 'failed']) as $delivery) {
    echo json_encode($delivery), "\n";
}
