// GET /ext/v1/customer/history: what happened to the resident's cards and credit.
// One moment a line, the newest first. With the resident's token in X-Customer-Token.

const HOST = "https://gifts.example.com";
const CT = "gct_YOUR_TOKEN"; // what follows "#ct=" in the resident's link

async function* moments() {
  const url = new URL(`${HOST}/ext/v1/customer/history`);
  url.search = new URLSearchParams({ limit: 100 });
  for (;;) {
    const response = await fetch(url, {
      headers: { "X-Customer-Token": CT },
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

for await (const moment of moments()) {
  console.log(JSON.stringify(moment));
}
