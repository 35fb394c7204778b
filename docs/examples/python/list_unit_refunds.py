"""GET /ext/v1/units/{unit}/refunds: what a vendor was paid for nothing, one a line.

All pages, newest first. Scope: units:read.
"""

import json

from client import rows

UNIT = "019aad3f-4444-7555-8666-77778888999b"

for refund in rows(f"/ext/v1/units/{UNIT}/refunds"):
    print(json.dumps(refund))
