// POST /ext/v1/giftcards/bulk: a card for each row, up to 10 000; the answer has a result for each.
// The idempotency key covers the whole: what is repeated after a time-out is done once.
// Scope: giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const ROWS = [
  { identifier: "kelly.moonwall", credit: 500, reason: "hunt 2026" },
  { identifier: "kelly.moonwall", credit: 250, reason: "hunt 2026" },
];

const response = await fetch(`${HOST}/ext/v1/giftcards/bulk`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/jsonl",
    "Idempotency-Key": "hunt-2026-prizes",
  },
  body: ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""),
  signal: AbortSignal.timeout(60_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
for (const { row, problem } of answer.results) {
  if (problem) console.error(`row ${row}: ${problem.detail}`);
}
console.log(JSON.stringify(answer));
