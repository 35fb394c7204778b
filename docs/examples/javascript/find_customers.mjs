// GET /ext/v1/customers: the store's customers, one a line.
// All pages of those who have credit, the most first. With search in place of sort, those whose
// usernames begin with it. Scope: customers:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

async function* customers() {
  const url = new URL(`${HOST}/ext/v1/customers?sort=-credit&limit=100`);
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

for await (const customer of customers()) {
  console.log(JSON.stringify(customer));
}
