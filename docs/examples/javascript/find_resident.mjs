// GET /ext/v1/customer/residents/{identifier}: who would get a card.
// With the resident's token in X-Customer-Token.

import { BY_TOKEN, send } from "./client.mjs";

console.log(await send("GET", "/ext/v1/customer/residents/jo.winter", { headers: BY_TOKEN }));
