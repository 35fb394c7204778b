// GET /v1/loyalty/tiers: always an empty array here. Scope: store:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

const response = await fetch(`${HOST}/v1/loyalty/tiers`, {
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
