// What the other examples share: where the server is, who asks, and how a request is sent.

import { setTimeout as pause } from "node:timers/promises";

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const TOKEN = "gct_YOUR_TOKEN"; // what follows "#ct=" in a resident's link

export const BY_KEY = { "X-API-Key": KEY }; // the store asks
export const BY_TOKEN = { "X-Customer-Token": TOKEN }; // a resident asks

const AGAIN = "With the same idempotency key this can be run again.";

/** Sends a request and returns the response; a refusal ends the program. */
export async function request(method, path, options = {}) {
  const { headers = BY_KEY, query = {}, body, seconds = 60 } = options;
  const url = new URL(path, HOST);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const json = typeof body === "object";
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, {
      method,
      headers: json ? { "Content-Type": "application/json", ...headers } : headers,
      body: json ? JSON.stringify(body) : body,
      signal: AbortSignal.timeout(1000 * seconds),
    }).catch((error) => stop(`No answer (${error.message}). ${AGAIN}`));
    if (response.ok) return response;
    if (attempt === 5 || ![429, 503].includes(response.status)) {
      const { code, detail } = await response.json();
      stop(`${code}: ${detail}`); // the code is for programs, the detail for people
    }
    // A server that is busy has done nothing.
    await pause(1000 * Number(response.headers.get("Retry-After") ?? attempt));
  }
}

/** Sends a request and returns the text of its answer. */
export async function send(method, path, options) {
  const response = await request(method, path, options);
  return response.text();
}

/** Yields the rows of a list, asking for the next page when one is used up. */
export async function* rows(path, { headers, query } = {}) {
  let cursor = "";
  do {
    const page = JSON.parse(
      await send("GET", path, { headers, query: { limit: 100, ...query, cursor } }),
    );
    yield* page.data;
    cursor = page.pagination.nextCursor;
  } while (cursor !== null);
}

/** Writes a file to standard output, piece by piece; throws if it breaks off before its end. */
export async function save(path) {
  const response = await request("GET", path, { seconds: 600 });
  for await (const piece of response.body) process.stdout.write(piece);
}

function stop(reason) {
  console.error(reason);
  process.exit(1);
}
