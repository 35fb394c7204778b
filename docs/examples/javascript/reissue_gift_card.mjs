// POST /ext/v1/giftcards/{id}/actions/reissue: a new card for a lost one, which is void then.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

import { BY_KEY, send } from "./client.mjs";

const CARD = "019aad3c-a2e3-7f40-9d51-6e7f8091a2b3";

const path = `/ext/v1/giftcards/${CARD}/actions/reissue`;
const headers = { ...BY_KEY, "Idempotency-Key": "ticket-7-reissue" };
console.log(await send("POST", path, { headers, body: { reason: "lost" } }));
