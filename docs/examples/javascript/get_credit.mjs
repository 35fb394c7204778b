// GET /ext/v1/customers/{identifier}/credit: a customer's store credit.
// Scope: credits:read.

import { send } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

console.log(await send("GET", `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit`));
