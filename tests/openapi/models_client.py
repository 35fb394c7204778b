"""Grants a card, lists the customer's cards, reads the new one; prints the page, then the card."""

import sys

import httpx
from gridgift_models import (
    GiftCardListResponse,
    GiftCardResponse,
    GrantGiftCardRequest,
    ProblemResponse,
)

url, key, identifier = sys.argv[1:]
client = httpx.Client(base_url=url, headers={"X-API-Key": key})

wanted = GrantGiftCardRequest(credit=500)  # what has a default need not be sent
answer = client.post(
    f"/v1/customers/{identifier}/actions/grant-gift-card",
    json=wanted.model_dump(mode="json", exclude_unset=True),
)
granted = GiftCardResponse.model_validate_json(answer.content)

answer = client.get(f"/v1/customers/{identifier}/giftcards", params={"active": "true"})
listed = GiftCardListResponse.model_validate_json(answer.content)
print(f"[{','.join(card.model_dump_json() for card in listed.data)}]")

answer = client.get(f"/v1/giftcards/{granted.id}")
print(GiftCardResponse.model_validate_json(answer.content).model_dump_json())

refused = ProblemResponse.model_validate_json(client.get("/v1/giftcards/nothing").content)
print(f'"{refused.code}"')
