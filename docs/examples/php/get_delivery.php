<?php

// GET /ext/v1/webhooks/{webhook}/deliveries/{delivery}: what came of each attempt to post an event.
// Scope: webhooks:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const WEBHOOK = '019aad3c-c23f-7c41-9e60-7f8091a2b3c4';
const DELIVERY = '019aad3c-d34f-7d52-8f71-8091a2b3c4d5';

$request = curl_init(HOST . '/ext/v1/webhooks/' . WEBHOOK . '/deliveries/' . DELIVERY);
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
