// GET /v1/customer/transactions, GET /v1/customer/redelivery/products, GET /v1/customer/news,
// GET /v1/customer/news/unread, POST /v1/customer/news/seen.
// The other tabs of a page made for Allomancy.
// Their lists are always empty here, so that the page renders; what acts on a row is refused:
// POST /v1/customer/redelivery, POST /v1/customer/news/{id}/request-item.
// With the resident's token in X-Customer-Token.

const HOST = "https://gifts.example.com";
const CT = "gct_YOUR_TOKEN"; // what follows "#ct=" in the resident's link

async function ask(method, tab) {
  const response = await fetch(`${HOST}/v1/customer/${tab}`, {
    method,
    headers: { "X-Customer-Token": CT },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) {
    // The code is for programs, the detail for people.
    const problem = await response.json();
    console.error(`${problem.code}: ${problem.detail}`);
    process.exit(1);
  }
  return response;
}

for (const tab of ["transactions", "redelivery/products", "news", "news/unread"]) {
  const response = await ask("GET", tab);
  console.log(JSON.stringify(await response.json()));
}
await ask("POST", "news/seen"); // 204
