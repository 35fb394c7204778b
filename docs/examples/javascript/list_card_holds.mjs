// GET /ext/v1/giftcards/{id}/holds: the holds of a card, one a line.
// All pages, oldest first. Scope: giftcards:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

async function* holds(card) {
  const url = new URL(`${HOST}/ext/v1/giftcards/${card}/holds`);
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

for await (const hold of holds(CARD)) {
  console.log(JSON.stringify(hold));
}
