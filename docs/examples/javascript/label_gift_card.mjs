// POST /ext/v1/giftcards/{id}/actions/label: gives a card tags and metadata.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

const response = await fetch(`${HOST}/ext/v1/giftcards/${CARD}/actions/label`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "order-1042-label",
  },
  body: JSON.stringify({ tags: ["vip", "hunt 2026"], metadata: { shop: "mainland" } }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
