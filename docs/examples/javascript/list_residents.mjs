// GET /ext/v1/residents: the residents whom the store knows, one a line.
// All pages of those whose usernames begin with the prefix. Scope: customers:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

async function* residents() {
  const url = new URL(`${HOST}/ext/v1/residents?prefix=kel&limit=100`);
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

for await (const resident of residents()) {
  console.log(JSON.stringify(resident));
}
