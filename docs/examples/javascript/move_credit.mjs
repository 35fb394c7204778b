// POST /ext/v1/customers/{identifier}/credit/actions/move: all store credit to a new avatar.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const url = `${HOST}/ext/v1/customers/${encodeURIComponent(CUSTOMER)}/credit/actions/move`;
const response = await fetch(url, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "ticket-7-move",
  },
  body: JSON.stringify({
    receiverIdentifier: "jo.winter",
    reason: "new avatar",
    reference: "ticket 7",
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
