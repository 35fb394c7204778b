<?php

// PUT /v1/giftcards/{id}: sets a card's credit to L$250 and keeps the rest.
//
// The request replaces credit, texture, transfer and active, all four, so the card is read first.
// If-Match sees to it that nobody else's change is lost: if there was one, the answer is 412 and
// nothing happens.
// Scopes: giftcards:read, giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

$etag = '';
$request = curl_init(HOST . '/v1/giftcards/' . CARD);
curl_setopt_array($request, [
    CURLOPT_HTTPHEADER => ['X-API-Key: ' . KEY],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
    CURLOPT_HEADERFUNCTION => function ($request, string $line) use (&$etag): int {
        if (stripos($line, 'etag:') === 0) {
            $etag = trim(substr($line, 5));
        }
        return strlen($line);
    },
]);
$body = curl_exec($request);
if ($body !== false && curl_getinfo($request, CURLINFO_RESPONSE_CODE) === 200) {
    $card = json_decode($body, true);
    $replacement = [
        'credit' => 250,
        'texture' => $card['texture'],
        'transfer' => $card['transfer'],
        'active' => $card['active'],
    ];
    curl_setopt_array($request, [
        CURLOPT_CUSTOMREQUEST => 'PUT',
        CURLOPT_HTTPHEADER => [
            'X-API-Key: ' . KEY,
            'Content-Type: application/json',
            'If-Match: ' . $etag,
        ],
        CURLOPT_POSTFIELDS => json_encode($replacement),
    ]);
    $body = curl_exec($request);
}
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
