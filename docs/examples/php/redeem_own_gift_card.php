<?php

// POST /v1/customer/giftcards/{id}/redeem: turns a card into store credit.
// Answers true. No body. The idempotency key makes it safe to repeat after a time-out: it is done
// once.
// With the resident's token in X-Customer-Token.

require __DIR__ . '/client.php';

const CARD = '019aad3c-a3f4-7051-8e62-7f8091a2b3c4';

$path = '/v1/customer/giftcards/' . CARD . '/redeem';
$headers = [...BY_TOKEN, 'Idempotency-Key: redeem-' . CARD];
echo send('POST', $path, headers: $headers), "\n";
