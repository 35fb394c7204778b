"""GET /ext/v1/customers: the store's customers, one a line.

All pages of those who have credit, the most first. With search in place of sort, those whose
usernames begin with it. Scope: customers:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"


def customers() -> Iterator[dict]:
    """Yield the customers, asking for the next page when one is used up."""
    query = {"sort": "-credit", "limit": 100}
    while True:
        response = requests.get(
            f"{HOST}/ext/v1/customers", query, headers={"X-API-Key": KEY}, timeout=10
        )
        if not response.ok:
            problem = response.json()  # "code" is for programs, "detail" for people
            sys.exit(f"{problem['code']}: {problem['detail']}")
        page = response.json()
        yield from page["data"]
        query["cursor"] = page["pagination"]["nextCursor"]
        if query["cursor"] is None:
            return


for customer in customers():
    print(json.dumps(customer))
