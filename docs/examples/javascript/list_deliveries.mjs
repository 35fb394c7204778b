// GET /ext/v1/webhooks/{webhook}/deliveries: what could not be posted to a webhook, one a line.
// All pages, newest first. Scope: webhooks:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";

async function* deliveries() {
  const url = new URL(`${HOST}/ext/v1/webhooks/${WEBHOOK}/deliveries`);
  url.search = new URLSearchParams({ state: "failed", limit: 100 });
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

for await (const delivery of deliveries()) {
  console.log(JSON.stringify(delivery));
}
