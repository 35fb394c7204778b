"""GET /ext/v1/events: what happened at the store, one event a line, up to the end.

Standard error gets the cursor: keep it, and give it as the argument next time, then only what is
new comes. With wait=25 and no end of the loop it follows the store. Scope: events:read.
"""

import json
import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"

cursor = sys.argv[1] if len(sys.argv) > 1 else ""
while True:
    query = {"limit": 100, "wait": 1, "cursor": cursor}
    url = f"{HOST}/ext/v1/events"
    response = requests.get(url, query, headers={"X-API-Key": KEY}, timeout=40)
    if not response.ok:
        problem = response.json()  # "code" is for programs, "detail" for people
        sys.exit(f"{problem['code']}: {problem['detail']}")
    page = response.json()
    for event in page["data"]:
        print(json.dumps(event))
    if page["pagination"]["nextCursor"] == cursor:  # the end, for now
        break
    cursor = page["pagination"]["nextCursor"]

print(cursor, file=sys.stderr)
