<?php
// Receive webhooks: php -S 127.0.0.1:PORT receiver.php, with the webhook's secret in WEBHOOK_SECRET.
// Each request is checked (https://www.standardwebhooks.com), and each event printed once, one a line.

const TOLERANCE = 300; // seconds; an older request may be one that somebody recorded

// Tell whether a request is from who knows the secret, and was made just now.
function is_genuine(string $id, string $sent_at, string $signatures, string $body): bool
{
    if (!ctype_digit($sent_at) || abs(time() - (int) $sent_at) > TOLERANCE) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')));
    $digest = hash_hmac('sha256', "$id.$sent_at.$body", $key, true);
    $expected = 'v1,' . base64_encode($digest);
    foreach (explode(' ', $signatures) as $given) { // two for a day at a change
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

// In earnest a table, in which the id is written together with what you do.
function is_new(string $id): bool
{
    $seen = sys_get_temp_dir() . '/webhook-' . hash('sha256', $id);
    return @fopen($seen, 'x') !== false;
}

$body = file_get_contents('php://input');
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$sent_at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$genuine = is_genuine($id, $sent_at, $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', $body);
if ($genuine && is_new($id)) {
    file_put_contents('php://stdout', "$body\n"); // in earnest: put it into a queue
}
http_response_code($genuine ? 204 : 401);
