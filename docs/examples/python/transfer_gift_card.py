"""POST /ext/v1/giftcards/{id}/actions/transfer: gives a card to another resident.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-a1d2-7e3f-8c40-5d6e7f8091a2"

response = requests.post(
    f"{HOST}/ext/v1/giftcards/{CARD}/actions/transfer",
    headers={"X-API-Key": KEY, "Idempotency-Key": "ticket-7-transfer"},
    json={"receiverIdentifier": "jo.winter", "reason": "asked by its owner"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
