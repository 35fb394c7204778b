// GET /v1/customer/giftcards: the resident's own cards, one a line.
// All pages, oldest first, without cards that expired unredeemed. With the resident's token in
// X-Customer-Token.

import { BY_TOKEN, rows } from "./client.mjs";

for await (const card of rows("/v1/customer/giftcards", { headers: BY_TOKEN })) {
  console.log(JSON.stringify(card));
}
