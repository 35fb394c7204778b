"""GET /ext/v1/giftcards: all active cards of the store with at least L$100, one a line.

All pages, the largest first. Scope: giftcards:read.
"""

import json

from client import rows

for card in rows("/ext/v1/giftcards", {"active": "true", "creditFrom": 100, "sort": "-credit"}):
    print(json.dumps(card))
