<?php

// GET /ext/v1/giftcards/{id}/labels: a card's reference, tags and metadata.
// Scope: giftcards:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

$request = curl_init(HOST . '/ext/v1/giftcards/' . CARD . '/labels');
curl_setopt_array($request, [
    CURLOPT_HTTPHEADER => ['X-API-Key: ' . KEY],
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
