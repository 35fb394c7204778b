// GET /ext/v1/giftcards/{id}/entries: a card's ledger, one entry a line.
// All pages, oldest first. Scope: giftcards:read.

import { rows } from "./client.mjs";

const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

for await (const entry of rows(`/ext/v1/giftcards/${CARD}/entries`)) {
  console.log(JSON.stringify(entry));
}
