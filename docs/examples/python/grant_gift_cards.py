"""POST /ext/v1/giftcards/bulk: a card for each row, up to 10 000; the answer has a result for each.

The idempotency key covers the whole: what is repeated after a time-out is done once.
Scope: giftcards:write.
"""

import json
import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
ROWS = [
    {"identifier": "kelly.moonwall", "credit": 500, "reason": "hunt 2026"},
    {"identifier": "kelly.moonwall", "credit": 250, "reason": "hunt 2026"},
]

response = requests.post(
    f"{HOST}/ext/v1/giftcards/bulk",
    headers={
        "X-API-Key": KEY,
        "Idempotency-Key": "hunt-2026-prizes",
        "Content-Type": "application/jsonl",
    },
    data="".join(json.dumps(row) + "\n" for row in ROWS),
    timeout=60,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
for result in response.json()["results"]:
    if "problem" in result:
        print(f"row {result['row']}: {result['problem']['detail']}", file=sys.stderr)
print(response.text)
