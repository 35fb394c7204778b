// GET /ext/v1/holds: the holds that reserve credit now, one a line.
// All pages, those that end first before others. Scope: giftcards:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

async function* holds() {
  const url = new URL(`${HOST}/ext/v1/holds`);
  url.search = new URLSearchParams({ state: "open", limit: 100 });
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

for await (const hold of holds()) {
  console.log(JSON.stringify(hold));
}
