<?php

// POST /ext/v1/giftcards/actions/enable: makes several cards active.
// The answer has what came of each.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CARDS = [
    '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a',
    '019aad3c-a516-7273-8084-91a2b3c4d5e6',
];

$request = curl_init(HOST . '/ext/v1/giftcards/actions/enable');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['ids' => CARDS, 'reason' => 'the raffle is drawn']),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: raffle-2026-enable',
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
