// GET /ext/v1/refunds: what vendors were paid for nothing, and is owed, one a line.
// All pages, newest first. Scope: units:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

async function* refunds() {
  const url = new URL(`${HOST}/ext/v1/refunds`);
  url.search = new URLSearchParams({ state: "owed", limit: 100 });
  for (;;) {
    const response = await fetch(url, {
      headers: { "X-API-Key": KEY },
      signal: AbortSignal.timeout(10_000),
    });
    const page = await response.json();
    if (!response.ok) {
      // The code is for programs, the detail for people.
      console.error(`${page.code}: ${page.detail}`);
      process.exit(1);
    }
    yield* page.data;
    if (page.pagination.nextCursor === null) return;
    url.searchParams.set("cursor", page.pagination.nextCursor);
  }
}

for await (const refund of refunds()) {
  console.log(JSON.stringify(refund));
}
