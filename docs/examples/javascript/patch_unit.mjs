// PATCH /ext/v1/units/{unit}: lets a unit give L$150, without a bound on its cards.
// Scope: units:write.

import { send } from "./client.mjs";

const UNIT = "019aad3f-4444-7555-8666-777788889999";

const body = { credit: 150, maxCards: null };
console.log(await send("PATCH", `/ext/v1/units/${UNIT}`, { body }));
