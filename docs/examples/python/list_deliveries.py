"""GET /ext/v1/webhooks/{webhook}/deliveries: what could not be posted to a webhook, one a line.

All pages, newest first. Scope: webhooks:read.
"""

import json
import sys
from collections.abc import Iterator

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"


def deliveries() -> Iterator[dict]:
    """Yield the deliveries, asking for the next page when one is used up."""
    url = f"{HOST}/ext/v1/webhooks/{WEBHOOK}/deliveries"
    query = {"state": "failed", "limit": 100}
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


for delivery in deliveries():
    print(json.dumps(delivery))
