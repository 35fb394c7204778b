<?php

// POST /ext/v1/giftcards/actions/disable: disables all cards that a filter finds.
// First a dry run, which says what would come of each card; then exactly these cards are
// disabled. The idempotency key is made of the dry run's selection, which names them: what is
// sent again is done once. Scope: giftcards:write.

require __DIR__ . '/client.php';

const FILTER = ['tag' => 'raffle 2025', 'active' => true];

$path = '/ext/v1/giftcards/actions/disable';
$shown = send('POST', $path, body: ['filter' => FILTER, 'dryRun' => true]);
echo $shown, "\n";
$selection = json_decode($shown)->selection;
$headers = [...BY_KEY, "Idempotency-Key: disable-$selection"];
$body = ['filter' => FILTER, 'selection' => $selection];
echo send('POST', $path, body: $body, headers: $headers), "\n";
