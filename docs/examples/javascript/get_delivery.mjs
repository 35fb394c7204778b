// GET /ext/v1/webhooks/{webhook}/deliveries/{delivery}: what came of each attempt to post an event.
// Scope: webhooks:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";
const DELIVERY = "019aad3c-d34f-7d52-8f71-8091a2b3c4d5";

const response = await fetch(`${HOST}/ext/v1/webhooks/${WEBHOOK}/deliveries/${DELIVERY}`, {
  headers: { "X-API-Key": KEY },
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
