"""Looks behind a live server: what its database holds, and whether its ledger is clean."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from gridgift.app import connect
from gridgift.domain import giftcards, ledger, lists
from gridgift.domain.model import Entry, GiftCard
from gridgift.domain.paging import Position
from gridgift.domain.residents import Identifier, find
from gridgift.storage.database import Tx
from tests.api import JO, KELLY
from tests.http.checks import check_chain
from tests.serving import Server

PAGE = 1_000


class Account(Struct, frozen=True):
    """A card and its chain of entries."""

    card: GiftCard
    entries: list[Entry]


def audit(server: Server) -> dict[str, Account]:
    """Return every card of the test's residents by its id, after a check of each chain."""
    accounts = asyncio.run(_read(server))
    for account in accounts.values():
        check_chain(account.entries)
        assert account.entries[-1].balance_after == account.card.credit
        assert account.card.version == len(account.entries)
    return accounts


def kinds(account: Account) -> Sequence[str]:
    """Return what happened to a card, in order."""
    return [entry.kind for entry in account.entries]


async def _read(server: Server) -> dict[str, Account]:
    database = connect(server.settings)
    try:
        return await database.read(_accounts, server.store_id)
    finally:
        await database.close()


async def _accounts(tx: Tx, store_id: str) -> dict[str, Account]:
    accounts = {}
    for resident in (KELLY, JO):
        owner = await find(tx, store_id, Identifier(uuid=resident.uuid))
        for card in await _cards(tx, store_id, owner):
            accounts[card.id] = Account(card, await ledger.entries(tx, store_id, "card", card.id))
    return accounts


async def _cards(tx: Tx, store_id: str, owner: Any) -> list[GiftCard]:
    cards: list[GiftCard] = []
    position = Position()
    while True:
        _, page = await lists.list_of(tx, store_id, lists.PageRequest(owner.uuid, position, PAGE))
        cards += [await giftcards.read(tx, store_id, card.id) for card in page.rows]
        if page.next is None:
            return cards
        position = page.next
