"""The other tabs of a page made for Allomancy: their lists are always empty here.

GET /v1/customer/transactions, GET /v1/customer/redelivery/products, GET /v1/customer/news,
GET /v1/customer/news/unread, POST /v1/customer/news/seen.
What acts on a row is refused: POST /v1/customer/redelivery,
POST /v1/customer/news/{id}/request-item.
With the resident's token in X-Customer-Token.
"""

import sys

import requests

HOST = "https://gifts.example.com"
CT = "gct_YOUR_TOKEN"  # what follows "#ct=" in the resident's link

session = requests.Session()
session.headers["X-Customer-Token"] = CT

for tab in ("transactions", "redelivery/products", "news", "news/unread"):
    response = session.get(f"{HOST}/v1/customer/{tab}", timeout=10)
    if not response.ok:
        problem = response.json()  # "code" is for programs, "detail" for people
        sys.exit(f"{problem['code']}: {problem['detail']}")
    print(response.text)
session.post(f"{HOST}/v1/customer/news/seen", timeout=10).raise_for_status()  # 204
