<?php

// POST /ext/v1/units: a unit that gives L$100 to each resident who touches it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';

$request = curl_init(HOST . '/ext/v1/units');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode([
        'kind' => 'delivery',
        'name' => 'Welcome gift',
        'credit' => 100,
        'maxCards' => 1000,
    ]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: welcome-gift',
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
