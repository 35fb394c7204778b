// GET /ext/v1/customer/history: what happened to the resident's cards and credit.
// One moment a line, the newest first. With the resident's token in X-Customer-Token.

import { BY_TOKEN, rows } from "./client.mjs";

for await (const moment of rows("/ext/v1/customer/history", { headers: BY_TOKEN })) {
  console.log(JSON.stringify(moment));
}
