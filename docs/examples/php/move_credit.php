<?php

// POST /ext/v1/customers/{identifier}/credit/actions/move: all store credit to a new avatar.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

$url = HOST . '/ext/v1/customers/' . rawurlencode(CUSTOMER) . '/credit/actions/move';
$request = curl_init($url);
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => json_encode([
        'receiverIdentifier' => 'jo.winter',
        'reason' => 'new avatar',
        'reference' => 'ticket 7',
    ]),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/json',
        'Idempotency-Key: ticket-7-move',
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
