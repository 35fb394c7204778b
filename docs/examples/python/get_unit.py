"""GET /ext/v1/units/{unit}: a unit, with what it has given and which object is paired.

Scope: units:read.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
UNIT = "019aad3f-4444-7555-8666-777788889999"

response = requests.get(
    f"{HOST}/ext/v1/units/{UNIT}",
    headers={"X-API-Key": KEY},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
