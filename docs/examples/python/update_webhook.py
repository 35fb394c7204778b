"""PATCH /ext/v1/webhooks/{webhook}: has events of other types posted to a webhook.

What is omitted is left. No types at all mean all of them.
Scope: webhooks:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"
CHANGE = {"types": ["gift_card.redeemed"]}

response = requests.patch(
    f"{HOST}/ext/v1/webhooks/{WEBHOOK}",
    headers={"X-API-Key": KEY},
    json=CHANGE,
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
