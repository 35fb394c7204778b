"""GET /ext/v1/events: what happened at the store, one event a line, up to the end.

Standard error gets the cursor: keep it, and give it as the argument next time, then only what is
new comes. With wait=25 and no end of the loop it follows the store. Scope: events:read.
"""

import json
import sys

from client import send

cursor, following = None, sys.argv[1] if len(sys.argv) > 1 else ""
while following != cursor:  # until the end, for now
    cursor = following
    query = {"limit": 100, "wait": 1, "cursor": cursor}
    page = send("GET", "/ext/v1/events", params=query).json()
    for event in page["data"]:
        print(json.dumps(event))
    following = page["pagination"]["nextCursor"]

print(cursor, file=sys.stderr)
