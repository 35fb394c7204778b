// GET /ext/v1/events: what happened at the store, one event a line, up to the end.
// Standard error gets the cursor: keep it, and give it as the argument next time, then only what
// is new comes. With wait=25 and no end of the loop it follows the store. Scope: events:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

let cursor = process.argv[2] ?? "";
for (;;) {
  const query = new URLSearchParams({ limit: 100, wait: 1, cursor });
  const response = await fetch(`${HOST}/ext/v1/events?${query}`, {
    headers: { "X-API-Key": KEY },
    signal: AbortSignal.timeout(40_000),
  });
  const page = await response.json();
  if (!response.ok) {
    // The code is for programs, the detail for people.
    console.error(`${page.code}: ${page.detail}`);
    process.exit(1);
  }
  for (const event of page.data) console.log(JSON.stringify(event));
  if (page.pagination.nextCursor === cursor) break; // the end, for now
  cursor = page.pagination.nextCursor;
}
console.error(cursor);
