"""GET /ext/v1/customer/store: whose page it is, and whom to ask.

With the resident's token in X-Customer-Token.
"""

from client import BY_TOKEN, send

print(send("GET", "/ext/v1/customer/store", headers=BY_TOKEN).text)
