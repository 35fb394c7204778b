// POST /ext/v1/webhooks/{webhook}/actions/rotate-secret: gives a webhook another secret.
// No body. The one before counts for a day more.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";

const response = await fetch(`${HOST}/ext/v1/webhooks/${WEBHOOK}/actions/rotate-secret`, {
  method: "POST",
  headers: { "X-API-Key": KEY, "Idempotency-Key": "hook-1-rotate" },
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
