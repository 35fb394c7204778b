"""POST /ext/v1/customers/{identifier}/credit/actions/move: all store credit to a new avatar.

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
    f"{HOST}/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/actions/move",
    headers={"X-API-Key": KEY, "Idempotency-Key": "ticket-7-move"},
    json={
        "receiverIdentifier": "jo.winter",
        "reason": "new avatar",
        "reference": "ticket 7",
    },
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
