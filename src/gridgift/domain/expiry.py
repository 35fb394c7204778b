"""Expiry's entries: written later by a job; what has expired is so by the clock before that.

Jobs of several servers may run at once: each batch is claimed in the transaction that deals with
it, so none is done twice, and what a killed server had claimed is free again.
"""

from collections import defaultdict

from gridgift.domain import credit, giftcards
from gridgift.domain.locked import CardRequest, change_each
from gridgift.domain.model import Caller
from gridgift.storage.database import Tx

ACTOR = "expiry"
LOOKED_AT = 8  # lots for each account to note: others may have claimed the first


async def note_cards(tx: Tx, request_id: str, rows: int) -> int:
    """Write the ``expired`` entries of up to ``rows`` cards of any store; return how many."""
    found = await tx.all("cards_expired", now=tx.now(), rows=rows)
    cards = defaultdict(list)
    for store_id, card_id in found:
        cards[store_id].append(card_id)
    for store_id, card_ids in sorted(cards.items()):  # one order for all
        caller = Caller(store_id, "system", ACTOR, request_id)
        requests = [CardRequest(caller, card_id, giftcards.note_expiry) for card_id in card_ids]
        await change_each(tx, store_id, requests)
    return len(found)


async def note_credit(tx: Tx, request_id: str, rows: int) -> int:
    """Write the ``credit_expired`` entries of up to ``rows`` accounts; return how many."""
    lots = await tx.all("lots_expired", now=tx.now(), rows=LOOKED_AT * rows)
    noted = 0
    for store_id, resident_uuid in sorted({tuple(lot) for lot in lots}):
        if noted == rows:
            break
        account = {"store_id": store_id, "resident_uuid": resident_uuid}
        if await tx.one("account_claim", **account) is None:  # another server has it
            continue
        caller = Caller(store_id, "system", ACTOR, request_id)
        await credit.settle(tx, caller, resident_uuid)
        noted += 1
    return noted
