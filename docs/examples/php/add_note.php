<?php

// POST /ext/v1/giftcards/{id}/notes: writes a note on a card, for good.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

$request = curl_init(HOST . '/ext/v1/giftcards/' . CARD . '/notes');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['text' => 'Asked to have it sent to her alt.']),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: order-1042-note',
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
