// POST /ext/v1/residents: says which username an avatar has now.
// It is safe to repeat: a resident who is known is answered with 200 instead of 201.
// Scope: customers:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const RESIDENT = { uuid: "2d3e4f50-6172-4839-8a4b-5c6d7e8f9012", username: "robin.sommer" };

const response = await fetch(`${HOST}/ext/v1/residents`, {
  method: "POST",
  headers: {
    "X-API-Key": KEY,
    "Content-Type": "application/json",
  },
  body: JSON.stringify(RESIDENT),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
