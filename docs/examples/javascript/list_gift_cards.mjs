// GET /v1/customers/{identifier}/giftcards: a customer's cards, one a line.
// Only active ones that are not redeemed; all pages, oldest first. Scope: giftcards:read.

import { rows } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const path = `/v1/customers/${encodeURIComponent(CUSTOMER)}/giftcards`;
for await (const card of rows(path, { query: { active: true, redeemed: false } })) {
  console.log(JSON.stringify(card));
}
