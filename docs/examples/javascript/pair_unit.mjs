// POST /ext/v1/units/{unit}/actions/pair: a code that pairs one object within 15 minutes.
// No body. Each call makes a new code, and ends the one before.
// Scope: units:write.

import { send } from "./client.mjs";

const UNIT = "019aad3f-4444-7555-8666-777788889999";

console.log(await send("POST", `/ext/v1/units/${UNIT}/actions/pair`));
