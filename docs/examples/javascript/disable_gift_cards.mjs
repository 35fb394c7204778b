// POST /ext/v1/giftcards/actions/disable: disables all cards that a filter finds.
// First a dry run, which says what would come of each card; then exactly these cards are
// disabled. The idempotency key is made of the dry run's selection, which names them: what is
// sent again is done once. Scope: giftcards:write.

const HOST = "https://gifts.example.com";
const KEY = "allo_live_YOUR_KEY";
const FILTER = { tag: "raffle 2025", active: true };

async function post(body, headers = {}) {
  const response = await fetch(`${HOST}/ext/v1/giftcards/actions/disable`, {
    method: "POST",
    headers: { "X-API-Key": KEY, "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ filter: FILTER, ...body }),
    signal: AbortSignal.timeout(60_000),
  });
  const answer = await response.json();
  if (!response.ok) {
    // The code is for programs, the detail for people.
    console.error(`${answer.code}: ${answer.detail}`);
    process.exit(1);
  }
  console.log(JSON.stringify(answer));
  return answer;
}

const { selection } = await post({ dryRun: true });
await post({ selection }, { "Idempotency-Key": `disable-${selection}` });
