// GET /ext/v1/units/{unit}/refunds: what a vendor was paid for nothing, one a line.
// All pages, newest first. Scope: units:read.

import { rows } from "./client.mjs";

const UNIT = "019aad3f-4444-7555-8666-77778888999b";

for await (const refund of rows(`/ext/v1/units/${UNIT}/refunds`)) {
  console.log(JSON.stringify(refund));
}
