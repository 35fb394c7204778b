<?php

// DELETE /ext/v1/webhooks/{webhook}: deletes a webhook: nothing more is posted to it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const WEBHOOK = '019aad3c-e45f-7e63-9082-91a2b3c4d5e6';

$request = curl_init(HOST . '/ext/v1/webhooks/' . WEBHOOK);
curl_setopt_array($request, [
    CURLOPT_CUSTOMREQUEST => 'DELETE',
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Idempotency-Key: hook-1-delete',
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
