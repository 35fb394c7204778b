"""GET /v1/customer/giftcards: the resident's own cards, one a line.

All pages, oldest first, without cards that expired unredeemed. With the resident's token in
X-Customer-Token.
"""

import json

from client import BY_TOKEN, rows

for card in rows("/v1/customer/giftcards", headers=BY_TOKEN):
    print(json.dumps(card))
