<?php

// GET /ext/v1/refunds: what vendors were paid for nothing, and is owed, one a line.
// All pages, newest first. Scope: units:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';

function refunds(): Generator
{
    $url = HOST . '/ext/v1/refunds';
    $query = ['state' => 'owed', 'limit' => 100];
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

foreach (refunds() as $refund) {
    echo json_encode($refund), "\n";
}
