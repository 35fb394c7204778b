<?php

// PATCH /ext/v1/units/{unit}: lets a unit give L$150, without a bound on its cards.
// Scope: units:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const UNIT = '019aad3f-4444-7555-8666-777788889999';

$request = curl_init(HOST . '/ext/v1/units/' . UNIT);
curl_setopt_array($request, [
    CURLOPT_CUSTOMREQUEST => 'PATCH',
    CURLOPT_POSTFIELDS => json_encode(['credit' => 150, 'maxCards' => null]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
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
