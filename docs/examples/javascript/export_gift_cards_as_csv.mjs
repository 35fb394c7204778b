// GET /ext/v1/giftcards/export.csv: all active cards of the store as CSV, for a spreadsheet.
// It comes piece by piece, however large it is. Scope: giftcards:read.

import { save } from "./client.mjs";

await save("/ext/v1/giftcards/export.csv?active=true");
