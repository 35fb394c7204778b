// PUT /v1/giftcards/{id}: sets a card's credit to L$250 and keeps the rest.
//
// The request replaces credit, texture, transfer and active, all four, so the card is read first.
// If-Match sees to it that nobody else's change is lost: if there was one, the answer is 412 and
// nothing happens.
// Scopes: giftcards:read, giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a";

const url = `${HOST}/v1/giftcards/${CARD}`;
let response = await fetch(url, {
  headers: { "X-API-Key": KEY },
  signal: AbortSignal.timeout(10_000),
});
if (response.ok) {
  const { texture, transfer, active } = await response.json();
  response = await fetch(url, {
    method: "PUT",
    headers: {
      "X-API-Key": KEY,
      "Content-Type": "application/json",
      "If-Match": response.headers.get("ETag"),
    },
    body: JSON.stringify({ credit: 250, texture, transfer, active }),
    signal: AbortSignal.timeout(10_000),
  });
}
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
