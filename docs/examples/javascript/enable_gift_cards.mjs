// POST /ext/v1/giftcards/actions/enable: makes several cards active.
// The answer has what came of each.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARDS = [
  "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a",
  "019aad3c-a516-7273-8084-91a2b3c4d5e6",
];

const response = await fetch(`${HOST}/ext/v1/giftcards/actions/enable`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "raffle-2026-enable",
  },
  body: JSON.stringify({ ids: CARDS, reason: "the raffle is drawn" }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
