<?php

// POST /ext/v1/giftcards/actions/disable: disables all cards that a filter finds.
// First a dry run, which says what would come of each card; then exactly these cards are
// disabled. The idempotency key is made of the dry run's selection, which names them: what is
// sent again is done once. Scope: giftcards:write.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const FILTER = ['tag' => 'raffle 2025', 'active' => true];

function post(array $body, array $headers = []): array
{
    $request = curl_init(HOST . '/ext/v1/giftcards/actions/disable');
    curl_setopt_array($request, [
        CURLOPT_POSTFIELDS => json_encode(['filter' => FILTER] + $body),
        CURLOPT_HTTPHEADER => ['X-API-Key: ' . KEY, 'Content-Type: application/json', ...$headers],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 60,
    ]);
    $text = curl_exec($request);
    if ($text === false) {
        fwrite(STDERR, curl_error($request) . "\n");
        exit(1);
    }
    $answer = json_decode($text, true);
    if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) >= 400) {
        // The code is for programs, the detail for people.
        fwrite(STDERR, "{$answer['code']}: {$answer['detail']}\n");
        exit(1);
    }
    echo json_encode($answer), "\n";
    return $answer;
}

$selection = post(['dryRun' => true])['selection'];
post(['selection' => $selection], ["Idempotency-Key: disable-$selection"]);
