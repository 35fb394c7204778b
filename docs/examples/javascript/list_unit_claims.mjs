// GET /ext/v1/units/{unit}/claims: what a unit has given, one a line.
// All pages, oldest first. Scope: units:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const UNIT = "019aad3f-4444-7555-8666-777788889999";

async function* claims(unit) {
  const url = new URL(`${HOST}/ext/v1/units/${unit}/claims`);
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

for await (const claim of claims(UNIT)) {
  console.log(JSON.stringify(claim));
}
