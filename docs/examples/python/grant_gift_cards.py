"""POST /ext/v1/giftcards/bulk: a card for each row, up to 10 000; the answer has a result for each.

The idempotency key covers the whole: what is repeated after a time-out is done once.
Scope: giftcards:write.
"""

import json
import sys

from client import BY_KEY, send

ROWS = [
    {"identifier": "kelly.moonwall", "credit": 500, "reason": "hunt 2026"},
    {"identifier": "kelly.moonwall", "credit": 250, "reason": "hunt 2026"},
]

response = send(
    "POST",
    "/ext/v1/giftcards/bulk",
    data="".join(json.dumps(row) + "\n" for row in ROWS),
    headers=BY_KEY | {"Content-Type": "application/jsonl", "Idempotency-Key": "hunt-2026-prizes"},
)
for result in response.json()["results"]:
    if "problem" in result:
        print(f"row {result['row']}: {result['problem']['detail']}", file=sys.stderr)
print(response.text)
