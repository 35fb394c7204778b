<?php

// POST /ext/v1/units/{unit}/refunds/{refund}/actions/mark-paid: you gave L$ back.
// It moves no L$: from then on the vendor does not give them back. The note may be left out.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const UNIT = '019aad3f-4444-7555-8666-77778888999b';
const REFUND = '6b1e7c1c-2f0a-4a53-9a55-0d3a5c1f7e21';

$request = curl_init(HOST . '/ext/v1/units/' . UNIT . '/refunds/' . REFUND . '/actions/mark-paid');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode(['note' => 'Paid by hand.']),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: refund-6b1e7c1c-paid',
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
