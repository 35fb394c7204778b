<?php

// GET /ext/v1/units/{unit}/refunds: what a vendor was paid for nothing, one a line.
// All pages, newest first. Scope: units:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const UNIT = '019aad3f-4444-7555-8666-77778888999b';

function refunds(string $unit): Generator
{
    $url = HOST . '/ext/v1/units/' . $unit . '/refunds';
    $query = ['limit' => 100];
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

foreach (refunds(UNIT) as $refund) {
    echo json_encode($refund), "\n";
}
