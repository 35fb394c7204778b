// GET /ext/v1/reports/activity: what was granted, redeemed and spent, month by month.
// Scope: reports:read.

import { send } from "./client.mjs";

console.log(await send("GET", "/ext/v1/reports/activity?by=month"));
