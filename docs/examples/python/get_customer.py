"""GET /ext/v1/customers/{identifier}: a customer, and what the cards amount to.

Scope: customers:read.
"""

from urllib.parse import quote

from client import send

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

print(send("GET", f"/ext/v1/customers/{quote(CUSTOMER, safe='')}").text)
