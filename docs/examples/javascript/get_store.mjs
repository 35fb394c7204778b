// GET /v1/store: the store that the key belongs to. Scope: store:read.

import { send } from "./client.mjs";

console.log(await send("GET", "/v1/store"));
