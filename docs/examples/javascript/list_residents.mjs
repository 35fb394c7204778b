// GET /ext/v1/residents: the residents whom the store knows, one a line.
// All pages of those whose usernames begin with the prefix. Scope: customers:read.

import { rows } from "./client.mjs";

for await (const resident of rows("/ext/v1/residents", { query: { prefix: "kel" } })) {
  console.log(JSON.stringify(resident));
}
