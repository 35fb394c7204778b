"""POST /ext/v1/webhooks: has what happens from now on posted to an address.

The answer's secret is shown this once: it checks what is posted.
Scope: webhooks:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
WANTED = {
    "url": "https://shop.example.com/hooks/gridgift",
    "types": ["gift_card.redeemed", "gift_card.expired"],
}

response = requests.post(
    f"{HOST}/ext/v1/webhooks",
    headers={"X-API-Key": KEY, "Idempotency-Key": "shop-hook"},
    json=WANTED,
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
