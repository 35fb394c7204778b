// GET /ext/v1/giftcards/{id}/labels: a card's reference, tags and metadata.
// Scope: giftcards:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

const response = await fetch(`${HOST}/ext/v1/giftcards/${CARD}/labels`, {
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
