<?php

// GET /ext/v1/events: what happened at the store, one event a line, up to the end.
// Standard error gets the cursor: keep it, and give it as the argument next time, then only what
// is new comes. With wait=25 and no end of the loop it follows the store. Scope: events:read.

require __DIR__ . '/client.php';

$cursor = null;
$following = $argv[1] ?? '';
while ($following !== $cursor) { // until the end, for now
    $cursor = $following;
    $query = ['limit' => 100, 'wait' => 1, 'cursor' => $cursor];
    $page = json_decode(send('GET', '/ext/v1/events', $query));
    foreach ($page->data as $event) {
        echo json_encode($event), "\n";
    }
    $following = $page->pagination->nextCursor;
}

fwrite(STDERR, $cursor . "\n");
