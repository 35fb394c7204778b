// POST /ext/v1/units: a unit that gives L$100 to each resident who touches it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

import { BY_KEY, send } from "./client.mjs";

const path = "/ext/v1/units";
const headers = { ...BY_KEY, "Idempotency-Key": "welcome-gift" };
const body = { kind: "delivery", name: "Welcome gift", credit: 100, maxCards: 1000 };
console.log(await send("POST", path, { headers, body }));
