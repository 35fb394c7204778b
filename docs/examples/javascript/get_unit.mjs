// GET /ext/v1/units/{unit}: a unit, with what it has given and which object is paired.
// Scope: units:read.

import { send } from "./client.mjs";

const UNIT = "019aad3f-4444-7555-8666-777788889999";

console.log(await send("GET", `/ext/v1/units/${UNIT}`));
