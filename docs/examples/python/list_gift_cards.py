"""GET /v1/customers/{identifier}/giftcards: a customer's cards, one a line.

Only active ones that are not redeemed; all pages, oldest first. Scope: giftcards:read.
"""

import json
import sys
from collections.abc import Iterator
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID


def gift_cards(customer: str) -> Iterator[dict]:
    """Yield the cards, asking for the next page when one is used up."""
    url = f"{HOST}/v1/customers/{quote(customer, safe='')}/giftcards"
    query = {"limit": 100, "active": "true", "redeemed": "false"}
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


for card in gift_cards(CUSTOMER):
    print(json.dumps(card))
