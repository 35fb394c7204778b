// POST /ext/v1/giftcards/bulk: a card for each row, up to 10 000; the answer has a result for each.
// The idempotency key covers the whole: what is repeated after a time-out is done once.
// Scope: giftcards:write.

import { BY_KEY, send } from "./client.mjs";

const ROWS = [
  { identifier: "kelly.moonwall", credit: 500, reason: "hunt 2026" },
  { identifier: "kelly.moonwall", credit: 250, reason: "hunt 2026" },
];

const answer = await send("POST", "/ext/v1/giftcards/bulk", {
  headers: {
    ...BY_KEY,
    "Content-Type": "application/jsonl",
    "Idempotency-Key": "hunt-2026-prizes",
  },
  body: ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""),
});
for (const { row, problem } of JSON.parse(answer).results) {
  if (problem) console.error(`row ${row}: ${problem.detail}`);
}
console.log(answer);
