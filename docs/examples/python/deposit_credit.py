"""POST /ext/v1/customers/{identifier}/credit/actions/deposit: L$500 of store credit.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: credits:write.
"""

import sys
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

response = requests.post(
    f"{HOST}/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/actions/deposit",
    headers={"X-API-Key": KEY, "Idempotency-Key": "hunt-2026-kelly"},
    json={"amount": 500, "reason": "prize", "reference": "hunt 2026"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
