// POST /ext/v1/webhooks/{webhook}/actions/rotate-secret: gives a webhook another secret.
// No body. The one before counts for a day more.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

import { BY_KEY, send } from "./client.mjs";

const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";

const path = `/ext/v1/webhooks/${WEBHOOK}/actions/rotate-secret`;
const headers = { ...BY_KEY, "Idempotency-Key": "hook-1-rotate" };
console.log(await send("POST", path, { headers }));
