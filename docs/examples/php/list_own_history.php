<?php

// GET /ext/v1/customer/history: what happened to the resident's cards and credit.
// One moment a line, the newest first. With the resident's token in X-Customer-Token.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const CT = 'gct_YOUR_TOKEN'; // what follows "#ct=" in the resident's link

function moments(): Generator
{
    $url = HOST . '/ext/v1/customer/history';
    $query = ['limit' => 100];
    do {
        $request = curl_init($url . '?' . http_build_query($query));
        curl_setopt_array($request, [
            CURLOPT_HTTPHEADER => ['X-Customer-Token: ' . CT],
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

foreach (moments() as $moment) {
    echo json_encode($moment), "\n";
}
