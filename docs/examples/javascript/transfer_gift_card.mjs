// POST /ext/v1/giftcards/{id}/actions/transfer: gives a card to another resident.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

import { BY_KEY, send } from "./client.mjs";

const CARD = "019aad3c-a1d2-7e3f-8c40-5d6e7f8091a2";

const path = `/ext/v1/giftcards/${CARD}/actions/transfer`;
const headers = { ...BY_KEY, "Idempotency-Key": "ticket-7-transfer" };
const body = { receiverIdentifier: "jo.winter", reason: "asked by its owner" };
console.log(await send("POST", path, { headers, body }));
