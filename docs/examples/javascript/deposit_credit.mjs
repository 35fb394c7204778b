// POST /ext/v1/customers/{identifier}/credit/actions/deposit: L$500 of store credit.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

import { BY_KEY, send } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const path = `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/actions/deposit`;
const headers = { ...BY_KEY, "Idempotency-Key": "hunt-2026-kelly" };
const body = { amount: 500, reason: "prize", reference: "hunt 2026" };
console.log(await send("POST", path, { headers, body }));
