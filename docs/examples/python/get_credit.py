"""GET /ext/v1/customers/{identifier}/credit: a customer's store credit. Scope: credits:read."""

from urllib.parse import quote

from client import send

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

print(send("GET", f"/ext/v1/customers/{quote(CUSTOMER, safe='')}/credit").text)
