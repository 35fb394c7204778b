// GET /v1/customers/{identifier}/giftcards: a customer's cards, one a line.
// Only active ones that are not redeemed; all pages, oldest first. Scope: giftcards:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

async function* giftCards(customer) {
  const url = new URL(`${HOST}/v1/customers/${encodeURIComponent(customer)}/giftcards`);
  url.search = new URLSearchParams({ limit: 100, active: true, redeemed: false });
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

for await (const card of giftCards(CUSTOMER)) {
  console.log(JSON.stringify(card));
}
