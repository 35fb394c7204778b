// POST /v1/customers/{identifier}/actions/grant-gift-card: gives a resident a card of L$500.
//
// The idempotency key names what you do, here an order of yours. Sent again with the same key, the
// request answers as before and grants nothing more, so it is safe to repeat after a time-out.
// Scope: giftcards:write.

import { setTimeout as pause } from "node:timers/promises";

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CUSTOMER = "kelly.moonwall"; // a username or an avatar UUID
const ORDER = "order-1042";

async function grant() {
  return fetch(`${HOST}/v1/customers/${encodeURIComponent(CUSTOMER)}/actions/grant-gift-card`, {
    method: "POST",
    headers: {
      "X-API-Key": KEY,
      "Content-Type": "application/json",
      "Idempotency-Key": ORDER,
    },
    body: JSON.stringify({ credit: 500, transfer: true }),
    signal: AbortSignal.timeout(10_000),
  });
}

let response;
for (let attempt = 1; attempt <= 4; attempt += 1) {
  response = await grant().catch(() => undefined); // no answer: it is not known what happened
  if (response && ![429, 503].includes(response.status)) break;
  await pause(1000 * Number(response?.headers.get("Retry-After") ?? attempt));
}
if (!response) {
  console.error("No answer; run this again with the same order.");
  process.exit(1);
}
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
