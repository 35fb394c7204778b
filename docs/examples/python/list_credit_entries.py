"""GET /ext/v1/customers/{identifier}/credit/entries: the credit's ledger, one entry a line.

All pages, oldest first. Scope: credits:read.
"""

import json
import sys
from collections.abc import Iterator
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID


def entries(customer: str) -> Iterator[dict]:
    """Yield the entries, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/customers/{quote(customer, safe='')}/credit/entries"
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


for entry in entries(CUSTOMER):
    print(json.dumps(entry))
