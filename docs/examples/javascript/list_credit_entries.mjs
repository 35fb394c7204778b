// GET /ext/v1/customers/{identifier}/credit/entries: the credit's ledger, one entry a line.
// All pages, oldest first. Scope: credits:read.

import { rows } from "./client.mjs";

const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const path = `/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/entries`;
for await (const entry of rows(path)) {
  console.log(JSON.stringify(entry));
}
