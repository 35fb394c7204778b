// GET /ext/v1/refunds: what vendors were paid for nothing, and is owed, one a line.
// All pages, newest first. Scope: units:read.

import { rows } from "./client.mjs";

for await (const refund of rows("/ext/v1/refunds", { query: { state: "owed" } })) {
  console.log(JSON.stringify(refund));
}
