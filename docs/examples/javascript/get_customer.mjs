// GET /ext/v1/customers/{identifier}: a customer, and what the cards amount to.
// Scope: customers:read.

import { send } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

console.log(await send("GET", `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}`));
