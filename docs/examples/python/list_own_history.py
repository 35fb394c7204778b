"""GET /ext/v1/customer/history: what happened to the resident's cards and credit.

One moment a line, the newest first. With the resident's token in X-Customer-Token.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link


def moments() -> Iterator[dict]:
    """Yield what happened, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/customer/history"
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


for moment in moments():
    print(json.dumps(moment))
