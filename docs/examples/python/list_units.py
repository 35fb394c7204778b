"""GET /ext/v1/units: the store's units, one a line.

All pages, oldest first. Scope: units:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"


def units() -> Iterator[dict]:
    """Yield the units, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/units"
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


for unit in units():
    print(json.dumps(unit))
