"""POST /v1/customer/giftcards/{id}/redeem: turns a card into store credit.

Answers true. No body. The idempotency key makes it safe to repeat after a time-out: it is done
once.
With the resident's token in X-Customer-Token.
"""

import sys

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link
CARD = "019aad3c-a3f4-7051-8e62-7f8091a2b3c4"

response = requests.post(
    f"{HOST}/v1/customer/giftcards/{CARD}/redeem",
    headers={"X-Customer-Token": CT, "Idempotency-Key": f"redeem-{CARD}"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
