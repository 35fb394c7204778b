"""PATCH /ext/v1/webhooks/{webhook}: has events of other types posted to a webhook.

What is omitted is left. No types at all mean all of them.
Scope: webhooks:write.
"""

from client import send

WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"
CHANGE = {"types": ["gift_card.redeemed"]}

print(send("PATCH", f"/ext/v1/webhooks/{WEBHOOK}", json=CHANGE).text)
