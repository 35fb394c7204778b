// POST /ext/v1/units/{unit}/actions/begin-round: lets everybody claim once more.
// No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: units:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const UNIT = "019aad3f-4444-7555-8666-777788889999";

const response = await fetch(`${HOST}/ext/v1/units/${UNIT}/actions/begin-round`, {
  method: "POST",
  headers: { "X-API-Key": KEY, "Idempotency-Key": "welcome-gift-round-2" },
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
