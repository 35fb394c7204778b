// GET /ext/v1/giftcards: all active cards of the store with at least L$100, one a line.
// All pages, the largest first. Scope: giftcards:read.

import { rows } from "./client.mjs";

const path = "/ext/v1/giftcards";
const query = { active: true, creditFrom: 100, sort: "-credit" };
for await (const card of rows(path, { query })) {
  console.log(JSON.stringify(card));
}
