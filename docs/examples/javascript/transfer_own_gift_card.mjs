// POST /v1/customer/giftcards/{id}/transfer: passes a card on, for good.
// Answers true. The idempotency key makes it safe to repeat after a time-out: it is done once.
// With the resident's token in X-Customer-Token.

import { BY_TOKEN, send } from "./client.mjs";

const CARD = "019aad3c-a405-7162-9f73-8091a2b3c4d5";

const path = `/v1/customer/giftcards/${CARD}/transfer`;
const headers = { ...BY_TOKEN, "Idempotency-Key": `transfer-${CARD}` };
console.log(await send("POST", path, { headers, body: { receiverIdentifier: "jo.winter" } }));
