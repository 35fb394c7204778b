// POST /ext/v1/giftcards/{id}/actions/transfer: gives a card to another resident.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARD = "019aad3c-a1d2-7e3f-8c40-5d6e7f8091a2";

const response = await fetch(`${HOST}/ext/v1/giftcards/${CARD}/actions/transfer`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "ticket-7-transfer",
  },
  body: JSON.stringify({ receiverIdentifier: "jo.winter", reason: "asked by its owner" }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
