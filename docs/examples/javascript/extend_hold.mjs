// POST /ext/v1/giftcards/{id}/holds/{hold}/actions/extend: lets a hold end in a week.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARD = "019aad3c-a516-7273-8084-91a2b3c4d5e6";
const HOLD = "019aad3c-b12e-7b30-8d5f-6e7a8b9c0d1e";

const response = await fetch(`${HOST}/ext/v1/giftcards/${CARD}/holds/${HOLD}/actions/extend`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "order-1042-extend",
  },
  body: JSON.stringify({ expiresIn: 604800 }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
