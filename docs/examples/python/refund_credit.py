"""POST /ext/v1/customers/{identifier}/credit/actions/refund: undoes a spend, or part of it.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: credits:write.
"""

import sys
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
SPEND = "019aad3c-5e1d-7b3a-8d5f-6e7f8a9b0c1d"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

response = requests.post(
    f"{HOST}/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/actions/refund",
    headers={"X-API-Key": KEY, "Idempotency-Key": "order-1042-refund"},
    json={"spend": SPEND, "amount": 300, "reason": "order cancelled", "reference": "order 1042"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
