"""POST /v1/customer/giftcards/{id}/transfer: passes a card on, for good.

Answers true. The idempotency key makes it safe to repeat after a time-out: it is done once.
With the resident's token in X-Customer-Token.
"""

from client import BY_TOKEN, send

CARD = "019aad3c-a405-7162-9f73-8091a2b3c4d5"

path = f"/v1/customer/giftcards/{CARD}/transfer"
headers = BY_TOKEN | {"Idempotency-Key": f"transfer-{CARD}"}
print(send("POST", path, json={"receiverIdentifier": "jo.winter"}, headers=headers).text)
