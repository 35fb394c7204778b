// POST /ext/v1/webhooks: has what happens from now on posted to an address.
// The answer's secret is shown this once: it checks what is posted.
// Scope: webhooks:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const WANTED = {
  url: "https://shop.example.com/hooks/gridgift",
  types: ["gift_card.redeemed", "gift_card.expired"],
};

const response = await fetch(`${HOST}/ext/v1/webhooks`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
    "Idempotency-Key": "shop-hook",
  },
  body: JSON.stringify(WANTED),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
