"""POST /ext/v1/giftcards/{id}/actions/patch: PATCH for clients that have none.

Scope: giftcards:write.
"""

from client import send

CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"

print(send("POST", f"/ext/v1/giftcards/{CARD}/actions/patch", json={"transfer": False}).text)
