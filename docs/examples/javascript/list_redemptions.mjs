// GET /ext/v1/redemptions: what was redeemed since 2025, one a line.
// All pages, the card that was changed last first. Scope: events:read.

import { rows } from "./client.mjs";

const path = "/ext/v1/redemptions";
for await (const redemption of rows(path, { query: { from: "2025-01-01T00:00:00Z" } })) {
  console.log(JSON.stringify(redemption));
}
