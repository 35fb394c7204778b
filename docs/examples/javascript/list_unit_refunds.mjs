// GET /ext/v1/units/{unit}/refunds: what a vendor was paid for nothing, one a line.
// All pages, newest first. Scope: units:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const UNIT = "019aad3f-4444-7555-8666-77778888999b";

async function* refunds(unit) {
  const url = new URL(`${HOST}/ext/v1/units/${unit}/refunds`);
  url.search = new URLSearchParams({ limit: 100 });
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

for await (const refund of refunds(UNIT)) {
  console.log(JSON.stringify(refund));
}
