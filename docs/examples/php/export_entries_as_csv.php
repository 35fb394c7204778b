<?php

// GET /ext/v1/entries/export.csv: the ledger's entries since 2025 as CSV, for a spreadsheet.
// It comes piece by piece, however large it is. Scope: events:read.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';

$request = curl_init(HOST . '/ext/v1/entries/export.csv?from=2025-01-01T00:00:00Z');
$problem = '';
curl_setopt_array($request, [
    CURLOPT_HTTPHEADER => ['X-API-Key: ' . KEY],
    CURLOPT_TIMEOUT => 600,
    CURLOPT_WRITEFUNCTION => function (CurlHandle $request, string $piece) use (&$problem): int {
        if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) >= 400) {
            $problem .= $piece;
        } else {
            echo $piece;
        }
        return strlen($piece);
    },
]);
if (curl_exec($request) === false) { // also if the file breaks off before its end
    fwrite(STDERR, curl_error($request) . "\n");
    exit(1);
}
if ($problem !== '') {
    // The code is for programs, the detail for people.
    $answer = json_decode($problem, true);
    fwrite(STDERR, "{$answer['code']}: {$answer['detail']}\n");
    exit(1);
}
