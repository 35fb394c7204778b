"""POST /ext/v1/giftcards/{id}/holds/{hold}/actions/extend: lets a hold end in an hour.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-a516-7273-8084-91a2b3c4d5e6"
HOLD = "019aad3c-b01d-7a2f-9c4e-5d6f7a8b9c0d"

response = requests.post(
    f"{HOST}/ext/v1/giftcards/{CARD}/holds/{HOLD}/actions/extend",
    headers={"X-API-Key": KEY, "Idempotency-Key": "order-1042-extend"},
    json={"expiresIn": 3600},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
