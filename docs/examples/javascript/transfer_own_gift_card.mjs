// POST /v1/customer/giftcards/{id}/transfer: passes a card on, for good.
// Answers true. The idempotency key makes it safe to repeat after a time-out: it is done once.
// With the resident's token in X-Customer-Token.

const HOST = "https://gifts.example.com";
const CT = "gct_YOUR_TOKEN"; // what follows "#ct=" in the resident's link
const CARD = "019aad3c-a405-7162-9f73-8091a2b3c4d5";

const response = await fetch(`${HOST}/v1/customer/giftcards/${CARD}/transfer`, {
  method: "POST",
  headers: {
    "X-Customer-Token": CT,
    "Content-Type": "application/json",
    "Idempotency-Key": `transfer-${CARD}`,
  },
  body: JSON.stringify({ receiverIdentifier: "jo.winter" }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
