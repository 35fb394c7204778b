"""GET /ext/v1/units/{unit}/claims: what a unit has given, one a line.

All pages, oldest first. Scope: units:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
UNIT = "019aad3f-4444-7555-8666-777788889999"


def claims(unit: str) -> Iterator[dict]:
    """Yield the claims, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/units/{unit}/claims"
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


for claim in claims(UNIT):
    print(json.dumps(claim))
