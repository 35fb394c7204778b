// PATCH /ext/v1/giftcards/{id}: gives a card another date and leaves the rest.
// Scope: giftcards:write.

import { send } from "./client.mjs";

const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

const body = { expiresAt: "2040-01-31T12:00:00Z" };
console.log(await send("PATCH", `/ext/v1/giftcards/${CARD}`, { body }));
