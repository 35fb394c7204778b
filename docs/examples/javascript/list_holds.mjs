// GET /ext/v1/holds: the holds that reserve credit now, one a line.
// All pages, those that end first before others. Scope: giftcards:read.

import { rows } from "./client.mjs";

for await (const hold of rows("/ext/v1/holds", { query: { state: "open" } })) {
  console.log(JSON.stringify(hold));
}
