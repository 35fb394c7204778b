"""POST /ext/v1/giftcards/{id}/holds/{hold}/actions/extend: lets a hold end in a week.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-a516-7273-8084-91a2b3c4d5e6"
HOLD = "019aad3c-b12e-7b30-8d5f-6e7a8b9c0d1e"

response = requests.post(
    f"{HOST}/ext/v1/giftcards/{CARD}/holds/{HOLD}/actions/extend",
    headers={"X-API-Key": KEY, "Idempotency-Key": "order-1042-extend"},
    json={"expiresIn": 604800},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
