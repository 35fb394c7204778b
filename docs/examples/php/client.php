<?php

// What the other examples share: where the server is, who asks, and how a request is sent.

declare(strict_types=1);

const HOST = 'https://gifts.example.com';
const KEY = 'allo_live_YOUR_KEY';
const TOKEN = 'gct_YOUR_TOKEN'; // what follows "#ct=" in a resident's link

const BY_KEY = ['X-API-Key: ' . KEY]; // the store asks
const BY_TOKEN = ['X-Customer-Token: ' . TOKEN]; // a resident asks

/**
 * Sends a request and returns the answer; a refusal ends the program.
 *
 * A body that is no text is sent as JSON. $answered gets the answer's headers. With $print the
 * answer is printed piece by piece, and not returned.
 */
function send(
    string $method,
    string $path,
    array $query = [],
    array $headers = BY_KEY,
    mixed $body = null,
    bool $print = false,
    ?array &$answered = null,
): string {
    $request = curl_init(HOST . $path . ($query ? '?' . http_build_query($query) : ''));
    if ($body !== null) {
        $headers = is_string($body) ? $headers : [...$headers, 'Content-Type: application/json'];
        curl_setopt($request, CURLOPT_POSTFIELDS, is_string($body) ? $body : json_encode($body));
    }
    curl_setopt_array($request, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_TIMEOUT => $print ? 600 : 60,
        CURLOPT_HEADERFUNCTION => function ($request, string $line) use (&$answered): int {
            [$name, $value] = [...explode(':', $line, 2), ''];
            $answered[strtolower($name)] = trim($value);
            return strlen($line);
        },
        CURLOPT_WRITEFUNCTION => function ($request, string $piece) use (&$text, $print): int {
            if ($print && curl_getinfo($request, CURLINFO_RESPONSE_CODE) < 400) {
                echo $piece;
            } else {
                $text .= $piece;
            }
            return strlen($piece);
        },
    ]);
    for ($attempt = 1; ; $attempt++) {
        [$text, $answered] = ['', []];
        if (curl_exec($request) === false) { // also if a file breaks off before its end
            $why = curl_error($request);
            stop("No answer ($why). With the same idempotency key this can be run again.");
        }
        $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
        if ($status < 400) {
            return $text;
        }
        if ($attempt === 5 || !in_array($status, [429, 503])) {
            $problem = json_decode($text);
            // The code is for programs, the detail for people.
            stop("$problem->code: $problem->detail");
        }
        sleep((int) ($answered['retry-after'] ?? $attempt)); // busy, so nothing was done
    }
}

/** Yields the rows of a list, asking for the next page when one is used up. */
function rows(string $path, array $query = [], array $headers = BY_KEY): Generator
{
    $query += ['limit' => 100];
    do {
        $page = json_decode(send('GET', $path, $query, $headers));
        yield from $page->data;
        $query['cursor'] = $page->pagination->nextCursor;
    } while ($query['cursor'] !== null);
}

/** Prints a file, piece by piece. */
function save(string $path): void
{
    send('GET', $path, print: true);
}

function stop(string $reason): never
{
    fwrite(STDERR, "$reason\n");
    exit(1);
}
