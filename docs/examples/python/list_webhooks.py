"""GET /ext/v1/webhooks: the store's webhooks, one a line.

All pages, oldest first. Scope: webhooks:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"


def webhooks() -> Iterator[dict]:
    """Yield the webhooks, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/webhooks"
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


for webhook in webhooks():
    print(json.dumps(webhook))
