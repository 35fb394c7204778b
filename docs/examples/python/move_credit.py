"""POST /ext/v1/customers/{identifier}/credit/actions/move: all store credit to a new avatar.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: credits:write.
"""

from urllib.parse import quote

from client import BY_KEY, send

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

path = f"/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/actions/move"
headers = BY_KEY | {"Idempotency-Key": "ticket-7-move"}
body = {"receiverIdentifier": "jo.winter", "reason": "new avatar", "reference": "ticket 7"}
print(send("POST", path, json=body, headers=headers).text)
