// POST /ext/v1/giftcards/{id}/actions/reissue: a new card for a lost one, which is void then.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARD = "019aad3c-a2e3-7f40-9d51-6e7f8091a2b3";

const response = await fetch(`${HOST}/ext/v1/giftcards/${CARD}/actions/reissue`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "ticket-7-reissue",
  },
  body: JSON.stringify({ reason: "lost" }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
