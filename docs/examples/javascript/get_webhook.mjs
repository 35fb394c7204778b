// GET /ext/v1/webhooks/{webhook}: reads a webhook.
// Scope: webhooks:read.

import { send } from "./client.mjs";

const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";

console.log(await send("GET", `/ext/v1/webhooks/${WEBHOOK}`));
