"""POST /ext/v1/giftcards/actions/disable: disables all cards that a filter finds.

First a dry run, which says what would come of each card; then exactly these cards are disabled.
The idempotency key is made of the dry run's selection, which names them: what is sent again is done
once. Scope: giftcards:write.
"""

from client import BY_KEY, send

FILTER = {"tag": "raffle 2025", "active": True}

path = "/ext/v1/giftcards/actions/disable"
shown = send("POST", path, json={"filter": FILTER, "dryRun": True})
print(shown.text)
selection = shown.json()["selection"]
headers = BY_KEY | {"Idempotency-Key": f"disable-{selection}"}
body = {"filter": FILTER, "selection": selection}
print(send("POST", path, json=body, headers=headers).text)
