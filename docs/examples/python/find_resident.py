"""GET /ext/v1/customer/residents/{identifier}: who would get a card.

With the resident's token in X-Customer-Token.
"""

from client import BY_TOKEN, send

print(send("GET", "/ext/v1/customer/residents/jo.winter", headers=BY_TOKEN).text)
