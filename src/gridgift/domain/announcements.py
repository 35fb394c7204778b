"""Announcements: a resident who was given a card is told so in Second Life (contract 9.26).

The store's terminals come for them, and send them as instant messages. One is written in the
transaction of its grant. Whether it was delivered is an entry of the card's chain: a note.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import locked, notes, stores, tokens
from gridgift.domain.instants import DAY, SECOND
from gridgift.domain.keys import NewCredential, Signer
from gridgift.domain.locked import CardRequest
from gridgift.domain.model import Caller, GiftCard, Store
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

AGAIN_AFTER: Final = 60 * SECOND  # one of which no terminal has said that it was sent
KEPT_FOR: Final = 7 * DAY  # one that nobody comes for
DROPPED: Final = 10  # at once, of those that are too old, and of those whose card has gone
TOO_LATE: Final = "Nobody was told in Second Life: it was passed on or redeemed before."
SENT: Final = "The resident was told in Second Life."
NOT_SENT: Final = "The resident was not told in Second Life: no terminal asked for a week."


class Links(Struct, frozen=True):
    """What makes a resident's link: who signs it, how long it lasts (ms), and its new token."""

    signer: Signer
    lifetime: int
    public_url: str
    new: NewCredential


class Announcement(Struct, frozen=True):
    """What to tell a resident: of which card, what is on it (L$), and their link, if any.

    ``language`` is the one in which an object has last seen the resident; empty: none has.
    """

    card_id: str
    resident_uuid: str
    credit: int
    store: str
    language: str
    link: str


async def add_each(
    tx: Tx, store: Store | None, granted: Sequence[tuple[GiftCard, bool | UnsetType]]
) -> None:
    """Let the owners of new cards be told of them, where it says so or else the store does.

    Without any that leaves it to the store, ``store`` may be None.
    """
    usually = store is not None and store.announce != "no"
    rows = [
        (card.store_id, card.id, card.owner_uuid, card.created_at)
        for card, announce in granted
        if (usually if announce is UNSET else announce)
    ]
    if rows:
        await tx.many("announcement_add", rows)


async def take(tx: Tx, caller: Caller, sent: Sequence[str], links: Links) -> Announcement | None:
    """Note which announcements a terminal has sent, by their cards' ids, and return the next.

    One that is too old, or whose card is the resident's no more, is dropped; the card's history
    says that too.
    """
    now, place = tx.now(), {"store_id": caller.store_id}
    rows = await tx.all("announcements_of", **place, ids=sent) if sent else ()
    await _end(tx, caller, [row[0] for row in rows], SENT)
    old = await tx.all("announcements_old", **place, made_before=now - KEPT_FOR, rows=DROPPED)
    await _end(tx, caller, [row[0] for row in old], NOT_SENT)
    for _ in range(DROPPED):
        row = await tx.one("announcement_next", **place, taken_before=now - AGAIN_AFTER)
        if row is None:
            break
        card_id, resident_uuid, language, *card = row
        credit, owner_uuid, redeemed = card
        if owner_uuid == resident_uuid and not redeemed:
            taken = {"card_id": card_id, "taken_before": now - AGAIN_AFTER, "now": now}
            if not await tx.run("announcement_take", **place, **taken):
                break  # another terminal was faster
            store = await stores.read(tx, caller.store_id)
            link = await _link(tx, caller, store, resident_uuid, links)
            return Announcement(card_id, resident_uuid, credit, store.name, language or "", link)
        await _end(tx, caller, [card_id], TOO_LATE)
    return None


async def note_language(tx: Tx, store_id: str, resident_uuid: str, language: str) -> None:
    """Note the language of a store's customer, as an object has seen it."""
    values = {"store_id": store_id, "resident_uuid": resident_uuid, "language": language}
    await tx.run("customer_speaks", **values)


async def _end(tx: Tx, caller: Caller, card_ids: Sequence[str], text: str) -> None:
    """Write in the history of cards what came of their announcements, which end."""
    if card_ids:
        asked = [CardRequest(caller, card_id, notes.noting(text)) for card_id in sorted(card_ids)]
        await locked.change_each(tx, caller.store_id, asked)
        ended = [(caller.store_id, card_id) for card_id in sorted(card_ids)]
        await tx.many("announcement_end", ended)


async def _link(tx: Tx, caller: Caller, store: Store, resident_uuid: str, links: Links) -> str:
    """Make the resident's link, if the store wants it and the server knows its own address."""
    if store.announce != "link" or not (store.customer_origin or links.public_url):
        return ""
    minted = await tokens.mint(
        tx, caller, links.signer, Identifier(uuid=resident_uuid), links.lifetime, links.new
    )
    return tokens.page_address(store, links.public_url, minted.token)
