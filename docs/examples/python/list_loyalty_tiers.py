"""GET /v1/loyalty/tiers: always an empty array here. Scope: store:read."""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"

response = requests.get(f"{HOST}/v1/loyalty/tiers", headers={"X-API-Key": KEY}, timeout=10)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
