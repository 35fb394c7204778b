"""GET /v1/customer/profile: whom the page greets. With the resident's token in X-Customer-Token."""

from client import BY_TOKEN, send

print(send("GET", "/v1/customer/profile", headers=BY_TOKEN).text)
