"""POST /ext/v1/giftcards/actions/extend: lets several cards expire 30 days later.

The answer has what came of each.
The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARDS = ["019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a", "019aad3c-a516-7273-8084-91a2b3c4d5e6"]

response = requests.post(
    f"{HOST}/ext/v1/giftcards/actions/extend",
    headers={"X-API-Key": KEY, "Idempotency-Key": "raffle-2026-extend"},
    json={"ids": CARDS, "days": 30, "reason": "the raffle goes on"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
