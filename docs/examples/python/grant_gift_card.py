"""POST /v1/customers/{identifier}/actions/grant-gift-card: gives a resident a card of L$500.

The idempotency key names what you do, here an order of yours. Sent again with the same key, the
request answers as before and grants nothing more, so it is safe to repeat after a time-out.
Scope: giftcards:write.
"""

import sys
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID
ORDER = "order-1042"

# Waits as long as Retry-After says, and a little longer each time without an answer.
again = Retry(total=4, backoff_factor=0.5, status_forcelist={429, 503}, allowed_methods=None)
session = requests.Session()
session.mount(HOST, HTTPAdapter(max_retries=again))

try:
    response = session.post(
        f"{HOST}/v1/customers/{quote(CUSTOMER, safe='')}/actions/grant-gift-card",
        headers={"X-API-Key": KEY, "Idempotency-Key": ORDER},
        json={"credit": 500, "transfer": True},
        timeout=10,
    )
except requests.RequestException as error:
    sys.exit(f"No answer; run this again with the same order: {error}")
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
