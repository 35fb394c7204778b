// GET /v1/loyalty/tiers: always an empty array here. Scope: store:read.

import { send } from "./client.mjs";

console.log(await send("GET", "/v1/loyalty/tiers"));
