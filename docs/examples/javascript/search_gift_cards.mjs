// GET /ext/v1/giftcards: all active cards of the store with at least L$100, one a line.
// All pages, the largest first. Scope: giftcards:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

async function* giftCards(filters) {
  const url = new URL(`${HOST}/ext/v1/giftcards`);
  url.search = new URLSearchParams({ limit: 100, ...filters });
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

for await (const card of giftCards({ active: true, creditFrom: 100, sort: "-credit" })) {
  console.log(JSON.stringify(card));
}
