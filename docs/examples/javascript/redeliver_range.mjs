// POST /ext/v1/webhooks/{webhook}/actions/redeliver: posts once more what failed in a time.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";
const RANGE = { from: "2026-11-26T08:00:00Z", to: "2026-11-26T12:00:00Z" };

const response = await fetch(`${HOST}/ext/v1/webhooks/${WEBHOOK}/actions/redeliver`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "hook-1-again-range",
  },
  body: JSON.stringify(RANGE),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
