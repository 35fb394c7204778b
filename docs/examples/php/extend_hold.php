<?php

// POST /ext/v1/giftcards/{id}/holds/{hold}/actions/extend: lets a hold end in a week.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CARD = '019aad3c-a516-7273-8084-91a2b3c4d5e6';
const HOLD = '019aad3c-b12e-7b30-8d5f-6e7a8b9c0d1e';

$request = curl_init(HOST . '/ext/v1/giftcards/' . CARD . '/holds/' . HOLD . '/actions/extend');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['expiresIn' => 604800]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: order-1042-extend',
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
