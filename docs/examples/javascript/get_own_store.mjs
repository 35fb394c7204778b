// GET /ext/v1/customer/store: whose page it is, and whom to ask.
// With the resident's token in X-Customer-Token.

const HOST = "https://gifts.example.com";
const CT = "gct_YOUR_TOKEN"; // what follows "#ct=" in the resident's link

const response = await fetch(`${HOST}/ext/v1/customer/store`, {
  headers: { "X-Customer-Token": CT },
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
