"""POST /ext/v1/giftcards/{id}/actions/adjust: takes L$100 from a card.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

from client import BY_KEY, send

CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

path = f"/ext/v1/giftcards/{CARD}/actions/adjust"
headers = BY_KEY | {"Idempotency-Key": "order-1042-adjust"}
print(send("POST", path, json={"delta": -100, "reason": "order 1042"}, headers=headers).text)
