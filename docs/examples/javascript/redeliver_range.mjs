// POST /ext/v1/webhooks/{webhook}/actions/redeliver: posts once more what failed in a time.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

import { BY_KEY, send } from "./client.mjs";

const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";
const RANGE = { from: "2026-11-26T08:00:00Z", to: "2026-11-26T12:00:00Z" };

const path = `/ext/v1/webhooks/${WEBHOOK}/actions/redeliver`;
const headers = { ...BY_KEY, "Idempotency-Key": "hook-1-again-range" };
console.log(await send("POST", path, { headers, body: RANGE }));
