"""A year in the demo's store: what its people and residents did, by the operations themselves.

The database's clock is set to each week in turn. The same is done each time.
"""

import random
from typing import Final

from msgspec import Struct

from gridgift.app import connect
from gridgift.cli.session import now
from gridgift.domain import credit, giftcards, grants, redemption, residents
from gridgift.domain.accounts import Change
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.locked import CardRequest, change
from gridgift.domain.model import Caller, GiftCard, Labels, Resident
from gridgift.domain.notes import noting
from gridgift.domain.residents import Identifier
from gridgift.settings import Settings
from gridgift.storage.database import Tx

WEEKS: Final = 52
CARDS: Final = 4  # a week
WEEK: Final = 7 * DAY
SEED: Final = 2026
USED: Final = 0.09  # of the open cards, each week
NAMES: Final = (
    "ada.lacewing", "bea.harbor", "cleo.finch", "dov.amber", "elin.frost", "finn.alder",
    "gwen.sparrow", "hugo.marsh", "iris.vale", "juno.pike", "kit.larkspur", "lior.stone",
    "mina.thistle", "noor.reed", "otis.quill", "pia.meadow", "quin.ember", "rhea.coral",
    "sol.winters", "tess.brook",
)  # fmt: skip
NEIGHBOURS: Final = tuple(
    Resident(f"0dec0de0-0000-4000-8000-{number:012d}", name) for number, name in enumerate(NAMES, 1)
)
WHY: Final = ("Hunt prize", "Contest", "Birthday", "Thank you", "Sorry for the wait")
TAGS: Final = ("hunt", "contest", "vip", "autumn sale", "")


class Year(Struct):
    """What is going on: chance, and the cards that were given and not used yet."""

    store_id: str
    chance: random.Random
    open: list[GiftCard] = []
    week: int = 0


async def live(settings: Settings, store_id: str) -> None:
    """Let a year pass that ends now, in a store that has no card yet."""
    year = Year(store_id, random.Random(SEED))  # noqa: S311 - nothing secret
    began = now() - WEEKS * WEEK
    database = connect(settings, lambda: began + year.week * WEEK)
    try:
        await database.write(_settle)
        for year.week in range(WEEKS):
            await database.write(_pass_a_week, year)
    finally:
        await database.close()


async def _settle(tx: Tx) -> None:
    for resident in NEIGHBOURS:
        await residents.remember(tx, resident)


async def _pass_a_week(tx: Tx, year: Year) -> None:
    """Give cards, use some of the older ones, and now and then do what is rarer."""
    chance, owner = year.chance, Caller(year.store_id, "operator", "aria.moonwall", "demo")
    used = [card for card in year.open if chance.random() < USED]
    for card in used:
        await _redeem(tx, year, card)
    year.open = [card for card in year.open if card not in used]
    requests = [_wish(tx, year, owner) for _ in range(CARDS)]
    for request in requests:
        year.open.append((await grants.grant(tx, request)).card)
    if year.week % 5 == 4:
        await giftcards.disable(tx, owner, year.open.pop(0).id)
    if year.week % 3 == 2:
        card = chance.choice(year.open)
        await change(tx, CardRequest(owner, card.id, noting("Asked in the shop about it.")))


def _wish(tx: Tx, year: Year, caller: Caller) -> GrantRequest:
    chance = year.chance
    lasts = chance.choice((None, None, 60, 120, 400))
    tag = chance.choice(TAGS)
    terms = Terms(
        chance.choice((100, 150, 250, 500, 750, 1_500)),
        transfer=chance.random() < 0.5,
        expires_at=None if lasts is None else tx.now() + lasts * DAY,
        reason=chance.choice(WHY),
        labels=Labels.of(None, [tag] if tag else [], {}),
    )
    receiver = Identifier(uuid=chance.choice(NEIGHBOURS).uuid)
    return GrantRequest(caller, receiver, terms, new_id())


async def _redeem(tx: Tx, year: Year, card: GiftCard) -> None:
    """Turn a card into store credit, and spend some of it, unless the card is over."""
    if card.expires_at is not None and card.expires_at <= tx.now():
        return
    owner = Resident(card.owner_uuid, card.owner_username)
    theirs = Caller(year.store_id, "resident", owner.uuid, "demo")
    await redemption.redeem(tx, theirs, owner, card.id, new_id())
    if year.chance.random() < 0.7:
        order = Change(card.credit // 2, "order", f"order {year.week}-{card.id[-4:]}")
        shop = Caller(year.store_id, "key", "demo", "demo")
        await credit.spend(tx, shop, Identifier(uuid=owner.uuid), order, new_id())
