"""GET /ext/v1/giftcards/{id}/holds: the holds of a card, one a line.

All pages, oldest first. Scope: giftcards:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"


def holds(card: str) -> Iterator[dict]:
    """Yield the holds, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/giftcards/{card}/holds"
    query = {"limit": 100}
    while True:
        response = requests.get(url, query, headers={"X-API-Key": KEY}, timeout=10)
        if not response.ok:
            problem = response.json()  # "code" is for programs, "detail" for people
            sys.exit(f"{problem['code']}: {problem['detail']}")
        page = response.json()
        yield from page["data"]
        query["cursor"] = page["pagination"]["nextCursor"]
        if query["cursor"] is None:
            return


for hold in holds(CARD):
    print(json.dumps(hold))
