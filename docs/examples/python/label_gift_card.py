"""POST /ext/v1/giftcards/{id}/actions/label: gives a card tags and metadata.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

response = requests.post(
    f"{HOST}/ext/v1/giftcards/{CARD}/actions/label",
    headers={"X-API-Key": KEY, "Idempotency-Key": "order-1042-label"},
    json={"tags": ["vip", "hunt 2026"], "metadata": {"shop": "mainland"}},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
