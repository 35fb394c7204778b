"""GET /ext/v1/store: the store and its settings. Scope: store:read."""

from client import send

print(send("GET", "/ext/v1/store").text)
