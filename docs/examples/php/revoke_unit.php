<?php

// POST /ext/v1/units/{unit}/actions/revoke: ends a unit's object; another one can be paired.
// No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const UNIT = '019aad3f-4444-7555-8666-777788889999';

$request = curl_init(HOST . '/ext/v1/units/' . UNIT . '/actions/revoke');
curl_setopt_array($request, [
    CURLOPT_CUSTOMREQUEST => 'POST',
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Idempotency-Key: welcome-gift-revoke',
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
