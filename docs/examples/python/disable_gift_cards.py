"""POST /ext/v1/giftcards/actions/disable: disables all cards that a filter finds.

First a dry run, which says what would come of each card; then exactly these cards are disabled.
The idempotency key is made of the dry run's selection, which names them: what is sent again is done
once. Scope: giftcards:write.
"""

import json
import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
FILTER = {"tag": "raffle 2025", "active": True}


def post(body, **headers):
    response = requests.post(
        f"{HOST}/ext/v1/giftcards/actions/disable",
        headers={"X-API-Key": KEY, **headers},
        json={"filter": FILTER, **body},
        timeout=60,
    )
    if not response.ok:
        problem = response.json()  # "code" is for programs, "detail" for people
        sys.exit(f"{problem['code']}: {problem['detail']}")
    return response.json()


shown = post({"dryRun": True})
print(json.dumps(shown))
selection = shown["selection"]
done = post({"selection": selection}, **{"Idempotency-Key": f"disable-{selection}"})
print(json.dumps(done))
