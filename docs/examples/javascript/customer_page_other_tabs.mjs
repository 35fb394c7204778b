// GET /v1/customer/transactions, GET /v1/customer/redelivery/products, GET /v1/customer/news,
// GET /v1/customer/news/unread, POST /v1/customer/news/seen.
// The other tabs of a page made for Allomancy.
// Their lists are always empty here, so that the page renders; what acts on a row is refused:
// POST /v1/customer/redelivery, POST /v1/customer/news/{id}/request-item.
// With the resident's token in X-Customer-Token.

import { BY_TOKEN, send } from "./client.mjs";

for (const tab of ["transactions", "redelivery/products", "news", "news/unread"]) {
  console.log(await send("GET", `/v1/customer/${tab}`, { headers: BY_TOKEN }));
}
await send("POST", "/v1/customer/news/seen", { headers: BY_TOKEN }); // 204
