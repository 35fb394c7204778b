"""POST /ext/v1/units/{unit}/actions/revoke: ends a unit's object; another one can be paired.

No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: units:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
UNIT = "019aad3f-4444-7555-8666-777788889999"

response = requests.post(
    f"{HOST}/ext/v1/units/{UNIT}/actions/revoke",
    headers={"X-API-Key": KEY, "Idempotency-Key": "welcome-gift-revoke"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
