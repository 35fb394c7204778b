// GET /v1/customer/context: whose page it is.
// With the resident's token in X-Customer-Token.

import { BY_TOKEN, send } from "./client.mjs";

console.log(await send("GET", "/v1/customer/context", { headers: BY_TOKEN }));
