// PUT /v1/giftcards/{id}: sets a card's credit to L$250 and keeps the rest.
//
// The request replaces credit, texture, transfer and active, all four, so the card is read first.
// If-Match sees to it that nobody else's change is lost: if there was one, the answer is 412 and
// nothing happens.
// Scopes: giftcards:read, giftcards:write.

import { BY_KEY, request, send } from "./client.mjs";

const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

const path = `/v1/giftcards/${CARD}`;
const read = await request("GET", path);
const { texture, transfer, active } = await read.json();
const headers = { ...BY_KEY, "If-Match": read.headers.get("ETag") };
console.log(await send("PUT", path, { headers, body: { credit: 250, texture, transfer, active } }));
