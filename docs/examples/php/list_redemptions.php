<?php

// GET /ext/v1/redemptions: what was redeemed since 2025, one a line.
// All pages, the card that was changed last first. Scope: events:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';

function redemptions(): Generator
{
    $url = HOST . '/ext/v1/redemptions';
    $query = ['from' => '2025-01-01T00:00:00Z', 'limit' => 100];
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

foreach (redemptions() as $redemption) {
    echo json_encode($redemption), "\n";
}
