// POST /v1/customer-tokens: a link to a resident's own page.
// Whoever has the link can redeem and pass on the cards until it expires, so hand it to the
// resident only. Each request makes a new one.
// Scope: customertokens:mint.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID

const response = await fetch(`${HOST}/v1/customer-tokens`, {
  method: "POST",
  headers: { "X-API-Key": KEY, "Content-Type": "application/json" },
  body: JSON.stringify({ customerIdentifier: CUSTOMER }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
