"""POST /ext/v1/customers/{identifier}/credit/actions/deposit: L$500 of store credit.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: credits:write.
"""

from urllib.parse import quote

from client import BY_KEY, send

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

path = f"/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/actions/deposit"
headers = BY_KEY | {"Idempotency-Key": "hunt-2026-kelly"}
body = {"amount": 500, "reason": "prize", "reference": "hunt 2026"}
print(send("POST", path, json=body, headers=headers).text)
