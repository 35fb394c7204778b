"""GET /v1/customers/{identifier}/giftcards: a customer's cards, one a line.

Only active ones that are not redeemed; all pages, oldest first. Scope: giftcards:read.
"""

import json
from urllib.parse import quote

from client import rows

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

path = f"/v1/customers/{quote(CUSTOMER, safe='')}/giftcards"
for card in rows(path, {"active": "true", "redeemed": "false"}):
    print(json.dumps(card))
