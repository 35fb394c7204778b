"""GET /v1/customer/account: the resident's store credit.

With the resident's token in X-Customer-Token.
"""

from client import BY_TOKEN, send

print(send("GET", "/v1/customer/account", headers=BY_TOKEN).text)
