// POST /ext/v1/webhooks/{webhook}/deliveries/{delivery}/actions/redeliver: posts it once more.
// No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";
const DELIVERY = "019aad3c-d34f-7d52-8f71-8091a2b3c4d5";

const url = `${HOST}/ext/v1/webhooks/${WEBHOOK}/deliveries/${DELIVERY}/actions/redeliver`;
const response = await fetch(url, {
  method: "POST",
  headers: { "X-API-Key": KEY, "Idempotency-Key": "hook-1-again" },
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
