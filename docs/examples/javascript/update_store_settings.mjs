// PATCH /ext/v1/store: says where the store is on the map, and whom residents ask.
// What is omitted is left. Scope: store:write.

import { send } from "./client.mjs";

const CHANGE = { locationSlUrl: "secondlife://Moonwall/128/128/23", contact: "Aria Moonwall" };

console.log(await send("PATCH", "/ext/v1/store", { body: CHANGE }));
