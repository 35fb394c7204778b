// POST /v1/customers/{identifier}/actions/grant-gift-card: gives a resident a card of L$500.
//
// The idempotency key names what you do, here an order of yours. Sent again with the same key, the
// request answers as before and grants nothing more, so it is safe to repeat after a time-out.
// Scope: giftcards:write.

import { BY_KEY, send } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID
const ORDER = "order-1042";

const path = `/v1/customers/${encodeURIComponent(CUSTOMER)}/actions/grant-gift-card`;
const headers = { ...BY_KEY, "Idempotency-Key": ORDER };
console.log(await send("POST", path, { headers, body: { credit: 500, transfer: true } }));
