// GET /v1/customer/profile: whom the page greets.
// With the resident's token in X-Customer-Token.

import { BY_TOKEN, send } from "./client.mjs";

console.log(await send("GET", "/v1/customer/profile", { headers: BY_TOKEN }));
