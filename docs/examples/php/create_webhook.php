<?php

// POST /ext/v1/webhooks: has what happens from now on posted to an address.
// The answer's secret is shown this once: it checks what is posted.
// Scope: webhooks:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const WANTED = [
    'url' => 'https://shop.example.com/hooks/gridgift',
    'types' => ['gift_card.redeemed', 'gift_card.expired'],
];

$request = curl_init(HOST . '/ext/v1/webhooks');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(WANTED),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: shop-hook',
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
