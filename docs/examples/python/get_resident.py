"""GET /ext/v1/residents/{identifier}: who is behind a username, or a UUID.

Scope: customers:read.
"""

import sys
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
RESIDENT = "kelly.moonwall"  # a username or an avatar UUID

response = requests.get(
    f"{HOST}/ext/v1/residents/{quote(RESIDENT, safe='')}",
    headers={"X-API-Key": KEY},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
