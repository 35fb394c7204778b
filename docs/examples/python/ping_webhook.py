"""POST /ext/v1/webhooks/{webhook}/actions/ping: has an event of the type ping posted to a webhook.

No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: webhooks:write.
"""

from client import BY_KEY, send

WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"

path = f"/ext/v1/webhooks/{WEBHOOK}/actions/ping"
headers = BY_KEY | {"Idempotency-Key": "hook-1-ping"}
print(send("POST", path, headers=headers).text)
