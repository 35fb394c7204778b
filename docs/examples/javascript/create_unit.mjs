// POST /ext/v1/units: a unit that gives L$100 to each resident who touches it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

const response = await fetch(`${HOST}/ext/v1/units`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "welcome-gift",
  },
  body: JSON.stringify({ kind: "delivery", name: "Welcome gift", credit: 100, maxCards: 1000 }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
