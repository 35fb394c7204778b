"""GET /ext/v1/giftcards/{id}/holds: the holds of a card, one a line.

All pages, oldest first. Scope: giftcards:read.
"""

import json

from client import rows

CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

for hold in rows(f"/ext/v1/giftcards/{CARD}/holds"):
    print(json.dumps(hold))
