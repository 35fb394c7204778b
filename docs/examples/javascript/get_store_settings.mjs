// GET /ext/v1/store: the store and its settings. Scope: store:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

const response = await fetch(`${HOST}/ext/v1/store`, {
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
