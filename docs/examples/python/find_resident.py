"""GET /ext/v1/customer/residents/{identifier}: who would get a card.

With the resident's token in X-Customer-Token.
"""

import sys

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link

url = f"{HOST}/ext/v1/customer/residents/jo.winter"
response = requests.get(url, headers={"X-Customer-Token": CT}, timeout=10)
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
