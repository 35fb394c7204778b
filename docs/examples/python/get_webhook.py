"""GET /ext/v1/webhooks/{webhook}: reads a webhook.

Scope: webhooks:read.
"""

from client import send

WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"

print(send("GET", f"/ext/v1/webhooks/{WEBHOOK}").text)
