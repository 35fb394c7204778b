"""GET /ext/v1/holds: the holds that reserve credit now, one a line.

All pages, those that end first before others. Scope: giftcards:read.
"""

import json

from client import rows

for hold in rows("/ext/v1/holds", {"state": "open"}):
    print(json.dumps(hold))
