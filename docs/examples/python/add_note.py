"""POST /ext/v1/giftcards/{id}/notes: writes a note on a card, for good.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

from client import BY_KEY, send

CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

path = f"/ext/v1/giftcards/{CARD}/notes"
headers = BY_KEY | {"Idempotency-Key": "order-1042-note"}
print(send("POST", path, json={"text": "Asked to have it sent to her alt."}, headers=headers).text)
