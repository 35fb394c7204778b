"""The other tabs of a page made for Allomancy: their lists are always empty here.

GET /v1/customer/transactions, GET /v1/customer/redelivery/products, GET /v1/customer/news,
GET /v1/customer/news/unread, POST /v1/customer/news/seen.
What acts on a row is refused: POST /v1/customer/redelivery,
POST /v1/customer/news/{id}/request-item.
With the resident's token in X-Customer-Token.
"""

from client import BY_TOKEN, send

for tab in ("transactions", "redelivery/products", "news", "news/unread"):
    print(send("GET", f"/v1/customer/{tab}", headers=BY_TOKEN).text)
send("POST", "/v1/customer/news/seen", headers=BY_TOKEN)  # 204
