<?php

// POST /ext/v1/customers/{identifier}/credit/actions/refund: undoes a spend, or part of it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const SPEND = '019aad3c-5e1d-7b3a-8d5f-6e7f8a9b0c1d';
const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$url = HOST . '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/actions/refund';
$request = curl_init($url);
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode([
        'spend' => SPEND,
        'amount' => 300,
        'reason' => 'order cancelled',
        'reference' => 'order 1042',
    ]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: order-1042-refund',
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
