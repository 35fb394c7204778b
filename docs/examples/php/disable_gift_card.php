<?php

// POST /v1/giftcards/{id}/actions/disable: the card can no longer be used.
// Scope: giftcards:write.

require __DIR__ . '/client.php';

const CARD = '019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a';

echo send('POST', '/v1/giftcards/' . CARD . '/actions/disable'), "\n";
