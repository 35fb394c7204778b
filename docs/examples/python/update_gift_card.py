"""PUT /v1/giftcards/{id}: sets a card's credit to L$250 and keeps the rest.

The request replaces credit, texture, transfer and active, all four, so the card is read first.
If-Match sees to it that nobody else's change is lost: if there was one, the answer is 412 and
nothing happens.
Scopes: giftcards:read, giftcards:write.
"""

from client import BY_KEY, send

CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

path = f"/v1/giftcards/{CARD}"
read = send("GET", path)
card = read.json()
kept = {name: card[name] for name in ("texture", "transfer", "active")}
headers = BY_KEY | {"If-Match": read.headers["ETag"]}
print(send("PUT", path, json={"credit": 250} | kept, headers=headers).text)
