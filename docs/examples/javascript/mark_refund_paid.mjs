// POST /ext/v1/units/{unit}/refunds/{refund}/actions/mark-paid: you gave L$ back.
// It moves no L$: from then on the vendor does not give them back. The note may be left out.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

import { BY_KEY, send } from "./client.mjs";

const UNIT = "019aad3f-4444-7555-8666-77778888999b";
const REFUND = "6b1e7c1c-2f0a-4a53-9a55-0d3a5c1f7e21";

const path = `/ext/v1/units/${UNIT}/refunds/${REFUND}/actions/mark-paid`;
const headers = { ...BY_KEY, "Idempotency-Key": "refund-6b1e7c1c-paid" };
console.log(await send("POST", path, { headers, body: { note: "Paid by hand." } }));
