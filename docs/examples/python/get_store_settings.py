"""GET /ext/v1/store: the store and its settings. Scope: store:read."""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"

response = requests.get(f"{HOST}/ext/v1/store", headers={"X-API-Key": KEY}, timeout=10)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
