"""GET /v1/customer/context: whose page it is. With the resident's token in X-Customer-Token."""

from client import BY_TOKEN, send

print(send("GET", "/v1/customer/context", headers=BY_TOKEN).text)
