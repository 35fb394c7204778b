"""POST /ext/v1/giftcards/{id}/holds: reserves L$100 of a card for 15 minutes.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-a516-7273-8084-91a2b3c4d5e6"

response = requests.post(
    f"{HOST}/ext/v1/giftcards/{CARD}/holds",
    headers={"X-API-Key": KEY, "Idempotency-Key": "order-1042-hold"},
    json={"amount": 100, "expiresIn": 900},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
