"""POST /ext/v1/webhooks/{webhook}/actions/ping: has an event of the type ping posted to a webhook.

No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: webhooks:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"

response = requests.post(
    f"{HOST}/ext/v1/webhooks/{WEBHOOK}/actions/ping",
    headers={"X-API-Key": KEY, "Idempotency-Key": "hook-1-ping"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
