"""GET /ext/v1/customers/{identifier}/credit/entries: the credit's ledger, one entry a line.

All pages, oldest first. Scope: credits:read.
"""

import json
from urllib.parse import quote

from client import rows

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

for entry in rows(f"/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/entries"):
    print(json.dumps(entry))
