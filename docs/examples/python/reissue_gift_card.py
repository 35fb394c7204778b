"""POST /ext/v1/giftcards/{id}/actions/reissue: a new card for a lost one, which is void then.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-a2e3-7f40-9d51-6e7f8091a2b3"

response = requests.post(
    f"{HOST}/ext/v1/giftcards/{CARD}/actions/reissue",
    headers={"X-API-Key": KEY, "Idempotency-Key": "ticket-7-reissue"},
    json={"reason": "lost"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
