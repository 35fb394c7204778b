// DELETE /ext/v1/webhooks/{webhook}: deletes a webhook: nothing more is posted to it.
// The idempotency key makes it safe to repeat after a time-out: it is done once.
// Scope: webhooks:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WEBHOOK = "019aad3c-e45f-7e63-9082-91a2b3c4d5e6";

const response = await fetch(`${HOST}/ext/v1/webhooks/${WEBHOOK}`, {
  method: "DELETE",
  headers: { "X-API-Key": KEY, "Idempotency-Key": "hook-1-delete" },
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
