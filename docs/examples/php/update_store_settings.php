<?php

// PATCH /ext/v1/store: says where the store is on the map, and whom residents ask.
// What is omitted is left. Scope: store:write.

require __DIR__ . '/client.php';

const CHANGE = [
    'locationSlUrl' => 'secondlife://Moonwall/128/128/23',
    'contact' => 'Aria Moonwall',
];

echo send('PATCH', '/ext/v1/store', body: CHANGE), "\n";
