"""POST /v1/customers/{identifier}/actions/grant-gift-card: gives a resident a card of L$500.

The idempotency key names what you do, here an order of yours. Sent again with the same key, the
request answers as before and grants nothing more, so it is safe to repeat after a time-out.
Scope: giftcards:write.
"""

from urllib.parse import quote

from client import BY_KEY, send

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID
ORDER = "order-1042"

path = f"/v1/customers/{quote(CUSTOMER, safe='')}/actions/grant-gift-card"
headers = BY_KEY | {"Idempotency-Key": ORDER}
print(send("POST", path, json={"credit": 500, "transfer": True}, headers=headers).text)
