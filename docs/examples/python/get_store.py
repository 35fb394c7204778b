"""GET /v1/store: the store that the key belongs to. Scope: store:read."""

from client import send

print(send("GET", "/v1/store").text)
