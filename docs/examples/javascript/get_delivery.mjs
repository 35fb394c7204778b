// GET /ext/v1/webhooks/{webhook}/deliveries/{delivery}: what came of each attempt to post an event.
// Scope: webhooks:read.

import { send } from "./client.mjs";

const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";
const DELIVERY = "019aad3c-d34f-7d52-8f71-8091a2b3c4d5";

console.log(await send("GET", `/ext/v1/webhooks/${WEBHOOK}/deliveries/${DELIVERY}`));
