"""GET /v1/customer/context: whose page it is. With the resident's token in X-Customer-Token."""

import sys

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link

response = requests.get(f"{HOST}/v1/customer/context", headers={"X-Customer-Token": CT}, timeout=10)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
