// POST /ext/v1/units/{unit}/refunds/{refund}/actions/mark-paid: you gave L$ back.
// It moves no L$: from then on the vendor does not give them back. The note may be left out.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const UNIT = "019aad3f-4444-7555-8666-77778888999b";
const REFUND = "6b1e7c1c-2f0a-4a53-9a55-0d3a5c1f7e21";

const response = await fetch(`${HOST}/ext/v1/units/${UNIT}/refunds/${REFUND}/actions/mark-paid`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "refund-6b1e7c1c-paid",
  },
  body: JSON.stringify({ note: "Paid by hand." }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
