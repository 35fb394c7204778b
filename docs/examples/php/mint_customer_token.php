<?php

// POST /v1/customer-tokens: a link to a resident's own page.
// Whoever has the link can redeem and pass on the cards until it expires, so hand it to the
// resident only. Each request makes a new one.
// Scope: customertokens:mint.

require __DIR__ . '/client.php';

const CUSTOMER = 'kelly.moonwall'; // a username or an avatar UUID

echo send('POST', '/v1/customer-tokens', body: ['customerIdentifier' => CUSTOMER]), "\n";
