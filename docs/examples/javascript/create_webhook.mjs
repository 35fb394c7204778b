// POST /ext/v1/webhooks: has what happens from now on posted to an address.
// The answer's secret is shown this once: it checks what is posted.
// Scope: webhooks:write.

import { BY_KEY, send } from "./client.mjs";

const WANTED = {
  url: "https://shop.example.com/hooks/gridgift",
  types: ["gift_card.redeemed", "gift_card.expired"],
};

const path = "/ext/v1/webhooks";
const headers = { ...BY_KEY, "Idempotency-Key": "shop-hook" };
console.log(await send("POST", path, { headers, body: WANTED }));
