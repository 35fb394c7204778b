// POST /ext/v1/giftcards/{id}/actions/label: gives a card tags and metadata.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

import { BY_KEY, send } from "./client.mjs";

const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

const path = `/ext/v1/giftcards/${CARD}/actions/label`;
const headers = { ...BY_KEY, "Idempotency-Key": "order-1042-label" };
const body = { tags: ["vip", "hunt 2026"], metadata: { shop: "mainland" } };
console.log(await send("POST", path, { headers, body }));
