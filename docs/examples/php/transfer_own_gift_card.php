<?php

// POST /v1/customer/giftcards/{id}/transfer: passes a card on, for good.
// Answers true. The idempotency key makes it safe to repeat after a time-out: it is done once.
// With the resident's token in X-Customer-Token.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const CT = 'gct_YOUR_TOKEN'; // what follows "#ct=" in the resident's link
const CARD = '019aad3c-a405-7162-9f73-8091a2b3c4d5';

$request = curl_init(HOST . '/v1/customer/giftcards/' . CARD . '/transfer');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['receiverIdentifier' => 'jo.winter']),
    CURLOPT_HTTPHEADER => [
        'X-Customer-Token: ' . CT,
        'Content-Type: application/json',
        'Idempotency-Key: transfer-' . CARD,
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
