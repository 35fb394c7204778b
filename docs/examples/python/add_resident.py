"""POST /ext/v1/residents: says which username an avatar has now.

It is safe to repeat: a resident who is known is answered with 200 instead of 201.
Scope: customers:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
RESIDENT = {"uuid": "2d3e4f50-6172-4839-8a4b-5c6d7e8f9012", "username": "robin.sommer"}

response = requests.post(
    f"{HOST}/ext/v1/residents",
    headers={"X-API-Key": KEY},
    json=RESIDENT,
    timeout=10,
)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
