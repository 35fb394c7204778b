<?php

// GET /v1/customer/transactions, GET /v1/customer/redelivery/products, GET /v1/customer/news,
// GET /v1/customer/news/unread, POST /v1/customer/news/seen.
// The other tabs of a page made for Allomancy.
// Their lists are always empty here, so that the page renders; what acts on a row is refused:
// POST /v1/customer/redelivery, POST /v1/customer/news/{id}/request-item.
// With the resident's token in X-Customer-Token.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const CT = 'gct_YOUR_TOKEN'; // what follows "#ct=" in the resident's link

function ask(string $method, string $tab): string
{
    $request = curl_init(HOST . '/v1/customer/' . $tab);
    curl_setopt_array($request, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_HTTPHEADER => ['X-Customer-Token: ' . CT],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 10,
    ]);
    $body = curl_exec($request);
    if ($body === false) {
        fwrite(STDERR, curl_error($request) . "\n");
        exit(1);
    }
    if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) >= 400) {
        // The code is for programs, the detail for people.
        $problem = json_decode($body, true);
        fwrite(STDERR, "{$problem['code']}: {$problem['detail']}\n");
        exit(1);
    }
    return $body;
}

foreach (['transactions', 'redelivery/products', 'news', 'news/unread'] as $tab) {
    echo ask('GET', $tab), "\n";
}
ask('POST', 'news/seen'); // 204
