<?php

// POST /ext/v1/giftcards/bulk: a card for each row, up to 10 000; the answer has a result for each.
// The idempotency key covers the whole: what is repeated after a time-out is done once.
// Scope: giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const ROWS = [
    ['identifier' => 'kelly.moonwall', 'credit' => 500, 'reason' => 'hunt 2026'],
    ['identifier' => 'kelly.moonwall', 'credit' => 250, 'reason' => 'hunt 2026'],
];

$request = curl_init(HOST . '/ext/v1/giftcards/bulk');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => implode("\n", array_map('json_encode', ROWS)),
    CURLOPT_HTTPHEADER => [
        'X-API-Key: ' . KEY,
        'Content-Type: application/jsonl',
        'Idempotency-Key: hunt-2026-prizes',
    ],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 60,
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
foreach ($answer['results'] as $result) {
    if (isset($result['problem'])) {
        fwrite(STDERR, "row {$result['row']}: {$result['problem']['detail']}\n");
    }
}
echo json_encode($answer), "\n";
