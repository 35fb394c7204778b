"""POST /ext/v1/webhooks: has what happens from now on posted to an address.

The answer's secret is shown this once: it checks what is posted.
Scope: webhooks:write.
"""

from client import BY_KEY, send

WANTED = {
    "url": "https://shop.example.com/hooks/gridgift",
    "types": ["gift_card.redeemed", "gift_card.expired"],
}

path = "/ext/v1/webhooks"
headers = BY_KEY | {"Idempotency-Key": "shop-hook"}
print(send("POST", path, json=WANTED, headers=headers).text)
