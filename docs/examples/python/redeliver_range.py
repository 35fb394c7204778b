"""POST /ext/v1/webhooks/{webhook}/actions/redeliver: posts once more what failed in a time.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: webhooks:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"
RANGE = {"from": "2026-11-26T08:00:00Z", "to": "2026-11-26T12:00:00Z"}

response = requests.post(
    f"{HOST}/ext/v1/webhooks/{WEBHOOK}/actions/redeliver",
    headers={"X-API-Key": KEY, "Idempotency-Key": "hook-1-again-range"},
    json=RANGE,
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
