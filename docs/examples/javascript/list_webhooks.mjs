// GET /ext/v1/webhooks: the store's webhooks, one a line.
// All pages, oldest first. Scope: webhooks:read.

import { rows } from "./client.mjs";

for await (const webhook of rows("/ext/v1/webhooks")) {
  console.log(JSON.stringify(webhook));
}
