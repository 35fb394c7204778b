"""POST /ext/v1/giftcards/{id}/actions/reissue: a new card for a lost one, which is void then.

The idempotency key makes it safe to repeat after a time-out: it is done once.
Scope: giftcards:write.
"""

from client import BY_KEY, send

CARD = "019aad3c-a2e3-7f40-9d51-6e7f8091a2b3"

path = f"/ext/v1/giftcards/{CARD}/actions/reissue"
headers = BY_KEY | {"Idempotency-Key": "ticket-7-reissue"}
print(send("POST", path, json={"reason": "lost"}, headers=headers).text)
