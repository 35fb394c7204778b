"""POST /ext/v1/webhooks/{webhook}/actions/rotate-secret: gives a webhook another secret.

No body. The one before counts for a day more.
The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: webhooks:write.
"""

from client import BY_KEY, send

WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"

path = f"/ext/v1/webhooks/{WEBHOOK}/actions/rotate-secret"
headers = BY_KEY | {"Idempotency-Key": "hook-1-rotate"}
print(send("POST", path, headers=headers).text)
