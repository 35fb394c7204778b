"""GET /ext/v1/giftcards/{id}/labels: a card's reference, tags and metadata.

Scope: giftcards:read.
"""

from client import send

CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

print(send("GET", f"/ext/v1/giftcards/{CARD}/labels").text)
