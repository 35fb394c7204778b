// PATCH /ext/v1/store: says where the store is on the map, and whom residents ask.
// What is omitted is left. Scope: store:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const CHANGE = {
  locationSlUrl: "secondlife://Moonwall/128/128/23",
  contact: "Aria Moonwall",
};

const response = await fetch(`${HOST}/ext/v1/store`, {
  method: "PATCH",
  headers: { "X-API-Key": KEY, "Content-Type": "application/json" },
  body: JSON.stringify(CHANGE),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) {
  // The code is for programs, the detail for people.
  console.error(`${answer.code}: ${answer.detail}`);
  process.exit(1);
}
console.log(JSON.stringify(answer));
