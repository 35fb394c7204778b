// DELETE /ext/v1/webhooks/{webhook}: deletes a webhook: nothing more is posted to it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

import { BY_KEY, send } from "./client.mjs";

const WEBHOOK = "019aad3c-e45f-7e63-9082-91a2b3c4d5e6";

const path = `/ext/v1/webhooks/${WEBHOOK}`;
const headers = { ...BY_KEY, "Idempotency-Key": "hook-1-delete" };
console.log(await send("DELETE", path, { headers }));
