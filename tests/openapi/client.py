"""Grants a card, lists the customer's cards, reads the new one; prints the page, then the card."""

import json
import sys
from uuid import uuid4

from gridgift_client import AuthenticatedClient
from gridgift_client.api.gift_cards import get_gift_card, grant_gift_card, list_gift_cards
from gridgift_client.models import (
    GiftCardListResponse,
    GiftCardResponse,
    GrantGiftCardRequest,
    ProblemResponse,
)

url, key, identifier = sys.argv[1:]
client = AuthenticatedClient(url, token=key, prefix="", auth_header_name="X-API-Key")

wanted = GrantGiftCardRequest(credit=500)  # what has a default need not be sent
granted = grant_gift_card.sync(identifier, client=client, body=wanted)
assert isinstance(granted, GiftCardResponse)

listed = list_gift_cards.sync(identifier, client=client, active=True)
assert isinstance(listed, GiftCardListResponse)
print(json.dumps([card.to_dict() for card in listed.data]))

read = get_gift_card.sync(granted.id, client=client)
assert isinstance(read, GiftCardResponse)
print(json.dumps(read.to_dict()))

refused = get_gift_card.sync(uuid4(), client=client)
assert isinstance(refused, ProblemResponse)
print(json.dumps(refused.code))
