// GET /ext/v1/customer/store: whose page it is, and whom to ask.
// With the resident's token in X-Customer-Token.

import { BY_TOKEN, send } from "./client.mjs";

console.log(await send("GET", "/ext/v1/customer/store", { headers: BY_TOKEN }));
