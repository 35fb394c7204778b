<?php

// POST /ext/v1/giftcards/{id}/actions/transfer: gives a card to another resident.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CARD = '019aad3c-a1d2-7e3f-8c40-5d6e7f8091a2';

$request = curl_init(HOST . '/ext/v1/giftcards/' . CARD . '/actions/transfer');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode([
        'receiverIdentifier' => 'jo.winter',
        'reason' => 'asked by its owner',
    ]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: ticket-7-transfer',
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
