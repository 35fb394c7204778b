"""GET /ext/v1/redemptions: what was redeemed since 2025, one a line.

All pages, the card that was changed last first. Scope: events:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"


def redemptions() -> Iterator[dict]:
    """Yield the redemptions, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/redemptions"
    query = {"from": "2025-01-01T00:00:00Z", "limit": 100}
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


for redemption in redemptions():
    print(json.dumps(redemption))
