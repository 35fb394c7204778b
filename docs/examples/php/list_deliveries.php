<?php

// GET /ext/v1/webhooks/{webhook}/deliveries: what could not be posted to a webhook, one a line.
// All pages, newest first. Scope: webhooks:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const WEBHOOK = '019aad3c-c23f-7c41-9e60-7f8091a2b3c4';

function deliveries(): Generator
{
    $url = HOST . '/ext/v1/webhooks/' . WEBHOOK . '/deliveries';
    $query = ['state' => 'failed', 'limit' => 100];
    do {
        $request = curl_init($url . '?' . http_build_query($query));
        curl_setopt_array($request, [
            CURLOPT_HTTPHEADER => ['X-API-Key: ' . KEY],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 10,
        ]);
        $body = curl_exec($request);
        if ($body === false) {
            fwrite(STDERR, curl_error($request) . "\n");
            exit(1);
        }
        $page = json_decode($body, true);
        if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) >= 400) {
            // The code is for programs, the detail for people.
            fwrite(STDERR, "{$page['code']}: {$page['detail']}\n");
            exit(1);
        }
        yield from $page['data'];
        $query['cursor'] = $page['pagination']['nextCursor'];
    } while ($query['cursor'] !== null);
}

foreach (deliveries() as $delivery) {
    echo json_encode($delivery), "\n";
}
