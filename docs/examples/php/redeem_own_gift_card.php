<?php

// POST /v1/customer/giftcards/{id}/redeem: turns a card into store credit.
// Answers true. No body. The idempotency key makes it safe to repeat after a time-out: it is done
// once.
// With the resident's token in X-Customer-Token.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const CT = 'gct_YOUR_TOKEN'; // what follows "#ct=" in the resident's link
const CARD = '019aad3c-a3f4-7051-8e62-7f8091a2b3c4';

$request = curl_init(HOST . '/v1/customer/giftcards/' . CARD . '/redeem');
curl_setopt_array($request, [
    CURLOPT_CUSTOMREQUEST => 'POST',
    CURLOPT_HTTPHEADER => [
        'X-Customer-Token: ' . CT,
        'Idempotency-Key: redeem-' . CARD,
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
