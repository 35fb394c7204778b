"""GET /ext/v1/giftcards: all active cards of the store with at least L$100, one a line.

All pages, the largest first. Scope: giftcards:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"


def gift_cards(**filters: object) -> Iterator[dict]:
    """Yield the cards, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/giftcards"
    query = {"limit": 100, **filters}
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


for card in gift_cards(active="true", creditFrom=100, sort="-credit"):
    print(json.dumps(card))
