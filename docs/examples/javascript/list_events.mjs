// GET /ext/v1/events: what happened at the store, one event a line, up to the end.
// Standard error gets the cursor: keep it, and give it as the argument next time, then only what
// is new comes. With wait=25 and no end of the loop it follows the store. Scope: events:read.

import { send } from "./client.mjs";

let cursor;
let following = process.argv[2] ?? "";
while (following !== cursor) { // until the end, for now
  cursor = following;
  const query = { limit: 100, wait: 1, cursor };
  const page = JSON.parse(await send("GET", "/ext/v1/events", { query }));
  for (const event of page.data) console.log(JSON.stringify(event));
  following = page.pagination.nextCursor;
}
console.error(cursor);
