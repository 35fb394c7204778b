// POST /ext/v1/customers/{identifier}/credit/lots/{lot}/actions/extend.
// A lot ends at the end of 2099.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

import { BY_KEY, send } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID
const LOT = "019aad3c-6e2f-7c4b-9e60-7f8a9b0c1d2e";

const path = `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/lots/${LOT}/actions/extend`;
const headers = { ...BY_KEY, "Idempotency-Key": "ticket-8-extend" };
console.log(await send("POST", path, { headers, body: { expiresAt: "2099-12-31T00:00:00Z" } }));
