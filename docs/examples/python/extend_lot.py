"""POST /ext/v1/customers/{identifier}/credit/lots/{lot}/actions/extend.
A lot ends at the end of 2099.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: credits:write.
"""

import sys
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID
LOT = "019aad3c-6e2f-7c4b-9e60-7f8a9b0c1d2e"

response = requests.post(
    f"{HOST}/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/lots/{LOT}/actions/extend",
    headers={"X-API-Key": KEY, "Idempotency-Key": "ticket-8-extend"},
    json={"expiresAt": "2099-12-31T00:00:00Z"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
