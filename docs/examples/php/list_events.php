<?php

// GET /ext/v1/events: what happened at the store, one event a line, up to the end.
// Standard error gets the cursor: keep it, and give it as the argument next time, then only what
// is new comes. With wait=25 and no end of the loop it follows the store. Scope: events:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';

$next = $argv[1] ?? '';
do {
    $cursor = $next;
    $query = ['limit' => 100, 'wait' => 1, 'cursor' => $cursor];
    $request = curl_init(HOST . '/ext/v1/events?' . http_build_query($query));
    curl_setopt_array($request, [
        CURLOPT_HTTPHEADER => ['X-API-Key: ' . KEY],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 40,
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
    foreach ($page['data'] as $event) {
        echo json_encode($event), "\n";
    }
    $next = $page['pagination']['nextCursor'];
} while ($next !== $cursor); // else the end, for now

fwrite(STDERR, $cursor . "\n");
