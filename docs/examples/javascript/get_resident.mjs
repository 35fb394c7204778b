// GET /ext/v1/residents/{identifier}: who is behind a username, or a UUID.
// Scope: customers:read.

import { send } from "./client.mjs";

const RESIDENT = "kelly.moonwall"; // a username or an avatar UUID

console.log(await send("GET", `/ext/v1/residents/${encodeURIComponent(RESIDENT)}`));
