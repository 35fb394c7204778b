"""POST /ext/v1/customers/{identifier}/credit/actions/spend: takes L$300 of store credit.

Keep the id in the answer: a refund names it. The idempotency key makes it safe to repeat after a
time-out: it is done once.
Scope: credits:write.
"""

import sys
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

response = requests.post(
    f"{HOST}/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/actions/spend",
    headers={"X-API-Key": KEY, "Idempotency-Key": "order-1042-spend"},
    json={"amount": 300, "reason": "order", "reference": "order 1042"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
