// GET /ext/v1/units/{unit}/claims: what a unit has given, one a line.
// All pages, oldest first. Scope: units:read.

import { rows } from "./client.mjs";

const UNIT = "019aad3f-4444-7555-8666-777788889999";

for await (const claim of rows(`/ext/v1/units/${UNIT}/claims`)) {
  console.log(JSON.stringify(claim));
}
