// POST /ext/v1/customers/{identifier}/credit/actions/spend: takes L$300 of store credit.
// Keep the id in the answer: a refund names it. The idempotency key makes it safe to repeat after a
// time-out: it is done once.
// Scope: credits:write.

import { BY_KEY, send } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const path = `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/actions/spend`;
const headers = { ...BY_KEY, "Idempotency-Key": "order-1042-spend" };
const body = { amount: 300, reason: "order", reference: "order 1042" };
console.log(await send("POST", path, { headers, body }));
