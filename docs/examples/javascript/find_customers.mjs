// GET /ext/v1/customers: the store's customers, one a line.
// All pages of those who have credit, the most first. With search in place of sort, those whose
// usernames begin with it. Scope: customers:read.

import { rows } from "./client.mjs";

for await (const customer of rows("/ext/v1/customers", { query: { sort: "-credit" } })) {
  console.log(JSON.stringify(customer));
}
