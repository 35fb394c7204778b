// GET /ext/v1/store: the store and its settings. Scope: store:read.

import { send } from "./client.mjs";

console.log(await send("GET", "/ext/v1/store"));
