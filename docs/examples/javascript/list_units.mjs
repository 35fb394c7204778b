// GET /ext/v1/units: the store's units, one a line.
// All pages, oldest first. Scope: units:read.

import { rows } from "./client.mjs";

for await (const unit of rows("/ext/v1/units")) {
  console.log(JSON.stringify(unit));
}
