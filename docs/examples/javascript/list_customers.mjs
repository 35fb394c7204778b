// GET /v1/customers: the store's customers, one a line.
// All pages. With spentMoreThan in the query, only those who spent more L$. Scope: customers:read.

import { rows } from "./client.mjs";

for await (const customer of rows("/v1/customers")) {
  console.log(JSON.stringify(customer));
}
