"""POST /v1/customer-tokens: a link to a resident's own page.

Whoever has the link can redeem and pass on the cards until it expires, so hand it to the resident
only. Each request makes a new one.
Scope: customertokens:mint.
"""

from client import send

CUSTOMER = "kelly.moonwall"  # a username or an avatar UUID

print(send("POST", "/v1/customer-tokens", json={"customerIdentifier": CUSTOMER}).text)
