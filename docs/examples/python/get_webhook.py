"""GET /ext/v1/webhooks/{webhook}: reads a webhook.

Scope: webhooks:read.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"

response = requests.get(
    f"{HOST}/ext/v1/webhooks/{WEBHOOK}",
    headers={"X-API-Key": KEY},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
