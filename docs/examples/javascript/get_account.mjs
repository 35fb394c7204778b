// GET /v1/customer/account: the resident's store credit.
// With the resident's token in X-Customer-Token.

import { BY_TOKEN, send } from "./client.mjs";

console.log(await send("GET", "/v1/customer/account", { headers: BY_TOKEN }));
