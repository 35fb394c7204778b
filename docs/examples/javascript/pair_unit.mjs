// POST /ext/v1/units/{unit}/actions/pair: a code that pairs one object within 15 minutes.
// No body. Each call makes a new code, and ends the one before.
// Scope: units:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const UNIT = "019aad3f-4444-7555-8666-777788889999";

const response = await fetch(`${HOST}/ext/v1/units/${UNIT}/actions/pair`, {
  method: "POST",
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
