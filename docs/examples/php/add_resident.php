<?php

// POST /ext/v1/residents: says which username an avatar has now.
// It is safe to repeat: a resident who is known is answered with 200 instead of 201.
// Scope: customers:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const RESIDENT = ['uuid' => '2d3e4f50-6172-4839-8a4b-5c6d7e8f9012', 'username' => 'robin.sommer'];

$request = curl_init(HOST . '/ext/v1/residents');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(RESIDENT),
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
