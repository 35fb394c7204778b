"""GET /ext/v1/refunds: what vendors were paid for nothing, and is owed, one a line.

All pages, newest first. Scope: units:read.
"""

import json

from client import rows

for refund in rows("/ext/v1/refunds", {"state": "owed"}):
    print(json.dumps(refund))
