<?php

// POST /v1/customer-tokens: a link to a resident's own page.
// Whoever has the link can redeem and pass on the cards until it expires, so hand it to the
// resident only. Each request makes a new one.
// Scope: customertokens:mint.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$request = curl_init(HOST . '/v1/customer-tokens');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['customerIdentifier' => CUSTOMER]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
    ],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
]);
$body = curl_exec($request);
if ($body === false) {
    fwrite(STDERR, curl_error($request) . "\n");
    exit(1);
}
$answer = json_decode($body, true);
if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) >= 400) {
    // The code is for programs, the detail for people.
    fwrite(STDERR, "{$answer['code']}: {$answer['detail']}\n");
    exit(1);
}
echo json_encode($answer), "\n";
