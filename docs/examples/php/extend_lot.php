<?php

// POST /ext/v1/customers/{identifier}/credit/lots/{lot}/actions/extend.
// A lot ends at the end of 2099.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID
const LOT = '019aad3c-6e2f-7c4b-9e60-7f8a9b0c1d2e';

$request = curl_init(
    HOST . '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/lots/' . LOT . '/actions/extend'
);
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['expiresAt' => '2099-12-31T00:00:00Z']),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: ticket-8-extend',
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
