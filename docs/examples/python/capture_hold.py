"""POST /ext/v1/giftcards/{id}/holds/{hold}/actions/capture: takes what a hold reserved.

An amount takes that much and frees the rest; without a body all is taken.
The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

from client import BY_KEY, send

CARD = "019aad3c-a516-7273-8084-91a2b3c4d5e6"
HOLD = "019aad3c-b01d-7a2f-9c4e-5d6f7a8b9c0d"

path = f"/ext/v1/giftcards/{CARD}/holds/{HOLD}/actions/capture"
headers = BY_KEY | {"Idempotency-Key": "order-1042-capture"}
print(send("POST", path, json={"amount": 60}, headers=headers).text)
