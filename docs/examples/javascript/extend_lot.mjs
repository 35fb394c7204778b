// POST /ext/v1/customers/{identifier}/credit/lots/{lot}/actions/extend.
// A lot ends at the end of 2099.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: credits:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID
const LOT = "019aad3c-6e2f-7c4b-9e60-7f8a9b0c1d2e";

const customer = `${HOST}/ext/v1/customers/${encodeURIComponent(CUSTOMER)}`;
const response = await fetch(`${customer}/credit/lots/${LOT}/actions/extend`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "ticket-8-extend",
  },
  body: JSON.stringify({ expiresAt: "2099-12-31T00:00:00Z" }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
