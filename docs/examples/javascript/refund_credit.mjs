// POST /ext/v1/customers/{identifier}/credit/actions/refund: undoes a spend, or part of it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

import { BY_KEY, send } from "./client.mjs";

const SPEND = "019aad3c-5e1d-7b3a-8d5f-6e7f8a9b0c1d";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const path = `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/actions/refund`;
const headers = { ...BY_KEY, "Idempotency-Key": "order-1042-refund" };
const body = { spend: SPEND, amount: 300, reason: "order cancelled", reference: "order 1042" };
console.log(await send("POST", path, { headers, body }));
