"""GET /ext/v1/customer/store: whose page it is, and whom to ask.

With the resident's token in X-Customer-Token.
"""

import sys

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link

url = f"{HOST}/ext/v1/customer/store"
response = requests.get(url, headers={"X-Customer-Token": CT}, timeout=10)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
