<?php

// POST /ext/v1/webhooks/{webhook}/deliveries/{delivery}/actions/redeliver: posts it once more.
// No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const WEBHOOK = '019aad3c-c23f-7c41-9e60-7f8091a2b3c4';
const DELIVERY = '019aad3c-d34f-7d52-8f71-8091a2b3c4d5';

$url = HOST . '/ext/v1/webhooks/' . WEBHOOK . '/deliveries/' . DELIVERY . '/actions/redeliver';
$request = curl_init($url);
curl_setopt_array($request, [
    CURLOPT_CUSTOMREQUEST => 'POST',
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Idempotency-Key: hook-1-again',
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
