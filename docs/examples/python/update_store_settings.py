"""PATCH /ext/v1/store: says where the store is on the map, and whom residents ask.

What is omitted is left. Scope: store:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CHANGE = {
    "locationSlUrl": "secondlife://Moonwall/128/128/23",
    "contact": "Aria Moonwall",
}

response = requests.patch(
    f"{HOST}/ext/v1/store",
    headers={"X-API-Key": KEY},
    json=CHANGE,
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
