"""GET /ext/v1/customer/giftcards: the resident's own cards, one a line, with holds.

All pages, oldest first, without cards that expired unredeemed. With the resident's token in
X-Customer-Token.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link


def gift_cards() -> Iterator[dict]:
    """Yield the cards, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/customer/giftcards"
    query = {"limit": 100}
    while True:
        response = requests.get(url, query, headers={"X-Customer-Token": CT}, timeout=10)
        if not response.ok:
            problem = response.json()  # "code" is for programs, "detail" for people
            sys.exit(f"{problem['code']}: {problem['detail']}")
        page = response.json()
        yield from page["data"]
        query["cursor"] = page["pagination"]["nextCursor"]
        if query["cursor"] is None:
            return


for card in gift_cards():
    print(json.dumps(card))
