<?php

// GET /ext/v1/customer/residents/{identifier}: who would get a card.
// With the resident's token in X-Customer-Token.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const CT = 'gct_YOUR_TOKEN'; // what follows "#ct=" in the resident's link

$request = curl_init(HOST . '/ext/v1/customer/residents/jo.winter');
curl_setopt_array($request, [
    CURLOPT_HTTPHEADER => ['X-Customer-Token: ' . CT],
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
