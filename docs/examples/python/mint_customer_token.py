"""POST /v1/customer-tokens: a link to a resident's own page.

Whoever has the link can redeem and pass on the cards until it expires, so hand it to the resident
only. Each request makes a new one.
Scope: customertokens:mint.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

response = requests.post(
    f"{HOST}/v1/customer-tokens",
    headers={"X-API-Key": KEY},
    json={"customerIdentifier": CUSTOMER},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
