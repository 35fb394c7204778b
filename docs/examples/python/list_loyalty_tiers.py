"""GET /v1/loyalty/tiers: always an empty array here. Scope: store:read."""

from client import send

print(send("GET", "/v1/loyalty/tiers").text)
