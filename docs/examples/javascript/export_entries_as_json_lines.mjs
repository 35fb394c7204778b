// GET /ext/v1/entries/export.jsonl: the ledger's entries since 2025 as JSON lines.
// It comes piece by piece, however large it is. Scope: events:read.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";

const response = await fetch(`${HOST}/ext/v1/entries/export.jsonl?from=2025-01-01T00:00:00Z`, {
  headers: { "X-API-Key": KEY },
  signal: AbortSignal.timeout(600_000),
});
if (!response.ok) {
  const problem = await response.json();
  // The code is for programs, the detail for people.
  console.error(`${problem.code}: ${problem.detail}`);
  process.exit(1);
}
// Throws if the file breaks off before its end.
for await (const piece of response.body) process.stdout.write(piece);
