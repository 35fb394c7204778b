// POST /ext/v1/customers/{identifier}/credit/actions/move: all store credit to a new avatar.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

import { BY_KEY, send } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const path = `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/actions/move`;
const headers = { ...BY_KEY, "Idempotency-Key": "ticket-7-move" };
const body = { receiverIdentifier: "jo.winter", reason: "new avatar", reference: "ticket 7" };
console.log(await send("POST", path, { headers, body }));
