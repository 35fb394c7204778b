"""DELETE /ext/v1/webhooks/{webhook}: deletes a webhook: nothing more is posted to it.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: webhooks:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
WEBHOOK = "019aad3c-e45f-7e63-9082-91a2b3c4d5e6"

response = requests.delete(
    f"{HOST}/ext/v1/webhooks/{WEBHOOK}",
    headers={"X-API-Key": KEY, "Idempotency-Key": "hook-1-delete"},
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
