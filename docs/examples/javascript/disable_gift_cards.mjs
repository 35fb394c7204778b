// POST /ext/v1/giftcards/actions/disable: disables all cards that a filter finds.
// First a dry run, which says what would come of each card; then exactly these cards are
// disabled. The idempotency key is made of the dry run's selection, which names them: what is
// sent again is done once. Scope: giftcards:write.

import { BY_KEY, send } from "./client.mjs";

const FILTER = { tag: "raffle 2025", active: true };

const path = "/ext/v1/giftcards/actions/disable";
const shown = await send("POST", path, { body: { filter: FILTER, dryRun: true } });
console.log(shown);
const { selection } = JSON.parse(shown);
const headers = { ...BY_KEY, "Idempotency-Key": `disable-${selection}` };
console.log(await send("POST", path, { headers, body: { filter: FILTER, selection } }));
