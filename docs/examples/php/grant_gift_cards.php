<?php

// POST /ext/v1/giftcards/bulk: a card for each row, up to 10 000; the answer has a result for each.
// The idempotency key covers the whole: what is repeated after a time-out is done once.
// Scope: giftcards:write.

require __DIR__ . '/client.php';

const ROWS = [
    ['identifier' => 'kelly.moonwall', 'credit' => 500, 'reason' => 'hunt 2026'],
    ['identifier' => 'kelly.moonwall', 'credit' => 250, 'reason' => 'hunt 2026'],
];

$answer = send(
    'POST',
    '/ext/v1/giftcards/bulk',
    body: implode("\n", array_map('json_encode', ROWS)),
    headers: [
        ...BY_KEY,
        'Content-Type: application/jsonl',
        'Idempotency-Key: hunt-2026-prizes',
    ],
);
foreach (json_decode($answer)->results as $result) {
    if (isset($result->problem)) {
        fwrite(STDERR, "row {$result->row}: {$result->problem->detail}\n");
    }
}
echo $answer, "\n";
