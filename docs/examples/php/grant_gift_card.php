<?php

// POST /v1/customers/{identifier}/actions/grant-gift-card: gives a resident a card of L$500.
//
// The idempotency key names what you do, here an order of yours. Sent again with the same key, the
// request answers as before and grants nothing more, so it is safe to repeat after a time-out.
// Scope: giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID
const ORDER = 'order-1042';

$wait = 1;
$request = curl_init(HOST . '/v1/customers/' . rawurlencode(CUSTOMER) . '/actions/grant-gift-card');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['credit' => 500, 'transfer' => true]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: ' . ORDER,
    ],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
    CURLOPT_HEADERFUNCTION => function ($request, string $line) use (&$wait): int {
        if (stripos($line, 'retry-after:') === 0) {
            $wait = (int) substr($line, 12);
        }
        return strlen($line);
    },
]);
for ($attempt = 1; $attempt <= 4; $attempt++) {
    $body = curl_exec($request); // false: no answer, so it is not known what happened
    $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
    if ($body !== false && $status !== 429 && $status !== 503) {
        break;
    }
    sleep($wait);
}
if ($body === false) {
    fwrite(STDERR, "No answer; run this again with the same order: " . curl_error($request) . "\n");
    exit(1);
}
$answer = json_decode($body, true);
if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) >= 400) {
    // The code is for programs, the detail for people.
    fwrite(STDERR, "{$answer['code']}: {$answer['detail']}\n");
    exit(1);
}
echo json_encode($answer), "\n";
