// GET /ext/v1/customers/{identifier}/credit/entries: the credit's ledger, one entry a line.
// All pages, oldest first. Scope: credits:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

async function* entries(customer) {
  const url = new URL(`${HOST}/ext/v1/customers/${encodeURIComponent(customer)}/credit/entries`);
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

for await (const entry of entries(CUSTOMER)) {
  console.log(JSON.stringify(entry));
}
