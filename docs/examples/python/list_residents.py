"""GET /ext/v1/residents: the residents whom the store knows, one a line.

All pages of those whose usernames begin with the prefix. Scope: customers:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"


def residents() -> Iterator[dict]:
    """Yield the residents, asking for the next page when one is used up."""
    query = {"prefix": "kel", "limit": 100}
    while True:
        response = requests.get(
            f"{HOST}/ext/v1/residents", query, headers={"X-API-Key": KEY}, timeout=10
        )
        if not response.ok:
            problem = response.json()  # "code" is for programs, "detail" for people
            sys.exit(f"{problem['code']}: {problem['detail']}")
        page = response.json()
        yield from page["data"]
        query["cursor"] = page["pagination"]["nextCursor"]
        if query["cursor"] is None:
            return


for resident in residents():
    print(json.dumps(resident))
