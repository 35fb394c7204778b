// GET /ext/v1/webhooks/{webhook}/deliveries: what could not be posted to a webhook, one a line.
// All pages, newest first. Scope: webhooks:read.

import { rows } from "./client.mjs";

const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";

const path = `/ext/v1/webhooks/${WEBHOOK}/deliveries`;
for await (const delivery of rows(path, { query: { state: "failed" } })) {
  console.log(JSON.stringify(delivery));
}
