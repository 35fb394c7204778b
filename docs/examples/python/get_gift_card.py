"""GET /v1/giftcards/{id}: one gift card. Scope: giftcards:read."""

from client import send

CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

print(send("GET", f"/v1/giftcards/{CARD}").text)
