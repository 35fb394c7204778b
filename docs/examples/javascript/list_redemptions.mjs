// GET /ext/v1/redemptions: what was redeemed since 2025, one a line.
// All pages, the card that was changed last first. Scope: events:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

async function* redemptions() {
  const url = new URL(`${HOST}/ext/v1/redemptions`);
  url.search = new URLSearchParams({ from: "2025-01-01T00:00:00Z", limit: 100 });
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

for await (const redemption of redemptions()) {
  console.log(JSON.stringify(redemption));
}
