"""POST /ext/v1/units/{unit}/actions/pair: a code that pairs one object within 15 minutes.

No body. Each call makes a new code, and ends the one before.
Scope: units:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
UNIT = "019aad3f-4444-7555-8666-777788889999"

response = requests.post(
    f"{HOST}/ext/v1/units/{UNIT}/actions/pair",
    headers={"X-API-Key": KEY},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
