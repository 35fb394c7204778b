"""GET /ext/v1/units/{unit}/claims: what a unit has given, one a line.

All pages, oldest first. Scope: units:read.
"""

import json

from client import rows

UNIT = "019aad3f-4444-7555-8666-777788889999"

for claim in rows(f"/ext/v1/units/{UNIT}/claims"):
    print(json.dumps(claim))
