"""POST /ext/v1/giftcards/actions/tag: gives several cards a tag, and takes another one away.

The answer has what came of each.
The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

from client import BY_KEY, send

CARDS = ["019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a", "019aad3c-a516-7273-8084-91a2b3c4d5e6"]

path = "/ext/v1/giftcards/actions/tag"
headers = BY_KEY | {"Idempotency-Key": "raffle-2026-tag"}
body = {"ids": CARDS, "add": ["raffle 2026"], "remove": ["raffle 2025"]}
print(send("POST", path, json=body, headers=headers).text)
