// GET /ext/v1/reports/liability: what the store owes now.
// Scope: reports:read.

import { send } from "./client.mjs";

console.log(await send("GET", "/ext/v1/reports/liability"));
