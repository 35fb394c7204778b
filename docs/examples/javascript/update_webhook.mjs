// PATCH /ext/v1/webhooks/{webhook}: has events of other types posted to a webhook.
// What is omitted is left. No types at all mean all of them.
// Scope: webhooks:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";
const CHANGE = { types: ["gift_card.redeemed"] };

const response = await fetch(`${HOST}/ext/v1/webhooks/${WEBHOOK}`, {
  method: "PATCH",
  headers: { "X-API-Key": KEY, "Content-Type": "application/json" },
  body: JSON.stringify(CHANGE),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
