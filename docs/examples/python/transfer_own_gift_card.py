"""POST /v1/customer/giftcards/{id}/transfer: passes a card on, for good.

Answers true. The idempotency key makes it safe to repeat after a time-out: it is done once.
With the resident's token in X-Customer-Token.
"""

import sys

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link
CARD = "019aad3c-a405-7162-9f73-8091a2b3c4d5"

response = requests.post(
    f"{HOST}/v1/customer/giftcards/{CARD}/transfer",
    headers={"X-Customer-Token": CT, "Idempotency-Key": f"transfer-{CARD}"},
    json={"receiverIdentifier": "jo.winter"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
