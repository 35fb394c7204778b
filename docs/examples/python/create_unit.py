"""POST /ext/v1/units: a unit that gives L$100 to each resident who touches it.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: units:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"

response = requests.post(
    f"{HOST}/ext/v1/units",
    headers={"X-API-Key": KEY, "Idempotency-Key": "welcome-gift"},
    json={"kind": "delivery", "name": "Welcome gift", "credit": 100, "maxCards": 1000},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
