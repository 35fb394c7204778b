// GET /ext/v1/webhooks: the store's webhooks, one a line.
// All pages, oldest first. Scope: webhooks:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

async function* webhooks() {
  const url = new URL(`${HOST}/ext/v1/webhooks`);
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

for await (const webhook of webhooks()) {
  console.log(JSON.stringify(webhook));
}
