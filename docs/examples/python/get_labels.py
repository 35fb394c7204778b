"""GET /ext/v1/giftcards/{id}/labels: a card's reference, tags and metadata.

Scope: giftcards:read.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

response = requests.get(
    f"{HOST}/ext/v1/giftcards/{CARD}/labels", headers={"X-API-Key": KEY}, timeout=10
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
