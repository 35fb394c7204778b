"""GET /ext/v1/refunds: what vendors were paid for nothing, and is owed, one a line.

All pages, newest first. Scope: units:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"


def refunds() -> Iterator[dict]:
    """Yield the refunds, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/refunds"
    query = {"state": "owed", "limit": 100}
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


for refund in refunds():
    print(json.dumps(refund))
