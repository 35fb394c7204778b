"""PUT /v1/giftcards/{id}: sets a card's credit to L$250 and keeps the rest.

The request replaces credit, texture, transfer and active, all four, so the card is read first.
If-Match sees to it that nobody else's change is lost: if there was one, the answer is 412 and
nothing happens.
Scopes: giftcards:read, giftcards:write.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

url = f"{HOST}/v1/giftcards/{CARD}"
response = requests.get(url, headers={"X-API-Key": KEY}, timeout=10)
if response.ok:
    card = response.json()
    response = requests.put(
        url,
        headers={"X-API-Key": KEY, "If-Match": response.headers["ETag"]},
        json={
            "credit": 250,
            "texture": card["texture"],
            "transfer": card["transfer"],
            "active": card["active"],
        },
        timeout=10,
    )
if not response.ok:
    problem = response.json()  # "code" is for programs, "detail" for people
    sys.exit(f"{problem['code']}: {problem['detail']}")
print(response.text)
