"""POST /ext/v1/giftcards/{id}/actions/transfer: gives a card to another resident.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

from client import BY_KEY, send

CARD = "019aad3c-a1d2-7e3f-8c40-5d6e7f8091a2"

path = f"/ext/v1/giftcards/{CARD}/actions/transfer"
headers = BY_KEY | {"Idempotency-Key": "ticket-7-transfer"}
body = {"receiverIdentifier": "jo.winter", "reason": "asked by its owner"}
print(send("POST", path, json=body, headers=headers).text)
