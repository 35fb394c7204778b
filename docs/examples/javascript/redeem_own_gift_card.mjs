// POST /v1/customer/giftcards/{id}/redeem: turns a card into store credit.
// Answers true. No body. The idempotency key makes it safe to repeat after a time-out: it is done
// once.
// With the resident's token in X-Customer-Token.

const HOST = "https://gifts.example.com";
const CT = "gct_YOUR_TOKEN"; // what follows "#ct=" in the resident's link
const CARD = "019aad3c-a3f4-7051-8e62-7f8091a2b3c4";

const response = await fetch(`${HOST}/v1/customer/giftcards/${CARD}/redeem`, {
  method: "POST",
  headers: { "X-Customer-Token": CT, "Idempotency-Key": `redeem-${CARD}` },
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
