// POST /ext/v1/customers/{identifier}/credit/actions/refund: undoes a spend, or part of it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const SPEND = "019aad3c-5e1d-7b3a-8d5f-6e7f8a9b0c1d";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const url = `${HOST}/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/actions/refund`;
const response = await fetch(url, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "order-1042-refund",
  },
  body: JSON.stringify({
    spend: SPEND,
    amount: 300,
    reason: "order cancelled",
    reference: "order 1042",
  }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
