"""GET /ext/v1/customers/{identifier}: a customer, and what the cards amount to.

Scope: customers:read.
"""

import sys
from urllib.parse import quote

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

response = requests.get(
    f"{HOST}/ext/v1/customers/{quote(CUSTOMER, safe='')}",
    headers={"X-API-Key": KEY},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
