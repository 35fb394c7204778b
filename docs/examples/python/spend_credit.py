"""POST /ext/v1/customers/{identifier}/credit/actions/spend: takes L$300 of store credit.

Keep the id in the answer: a refund names it. The idempotency key makes it safe to repeat after a
time-out: it is done once.
Scope: credits:write.
"""

from urllib.parse import quote

from client import BY_KEY, send

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

path = f"/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit/actions/spend"
headers = BY_KEY | {"Idempotency-Key": "order-1042-spend"}
body = {"amount": 300, "reason": "order", "reference": "order 1042"}
print(send("POST", path, json=body, headers=headers).text)
