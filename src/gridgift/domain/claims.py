"""Claims: a resident touches a delivery unit and has a card, once in a round (contract section 9).

What is granted is a grant like any other, whose actor is the unit. The unit's row is locked before
anything is decided, so that no bound is passed by claims of one moment.
"""

from datetime import date
from typing import Final, Self

from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import events, grants, naming, stores, units
from gridgift.domain.days import day_of
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.model import Caller, CardChange, Resident, Store
from gridgift.domain.paging import Page, Position, read_page
from gridgift.domain.residents import Identifier
from gridgift.domain.unit_failures import (
    AccountTooYoung,
    AlreadyClaimed,
    NotInGroup,
    NotInvited,
    NotOpen,
    UnitExhausted,
    UnitExhaustedToday,
    UnitPaused,
)
from gridgift.domain.units import Unit
from gridgift.storage.database import Tx
from gridgift.storage.listing import CLAIMS_OF_UNIT

KEY_TYPES: Final = CLAIMS_OF_UNIT.types()
CLAIM_REFUSALS: Final = (
    AlreadyClaimed,
    UnitPaused,
    NotOpen,
    NotInGroup,
    AccountTooYoung,
    NotInvited,
    UnitExhausted,
    UnitExhaustedToday,
)


class Claimant(Struct, frozen=True):
    """Who touched a unit, as its object says: with the object's group on or not, born when.

    A username that is the UUID is none.
    """

    resident: Resident
    in_group: bool = False
    born: date | None = None


class Claim(Struct, frozen=True):
    """A card that a unit has given. ``credit`` is what it was granted with, in L$."""

    card_id: str
    round_number: int
    resident_uuid: str
    resident_username: str
    credit: int
    created_at: int


class Counted(Struct, frozen=True):
    """What a unit has given with one card more, and on which day that is."""

    cards: int
    granted: int
    day: int
    cards_that_day: int

    @classmethod
    def after(cls, unit: Unit, today: int, credit: int) -> Self:
        """Count a card that the unit gives today, with this credit (L$)."""
        before = unit.cards_that_day if unit.day == today else 0
        granted = unit.granted + credit
        return cls(unit.cards + 1, granted, today, before + 1)


async def claim(
    tx: Tx, caller: Caller, unit_id: str, claimant: Claimant, card_id: str
) -> CardChange:
    """Give a resident the unit's card, with the id ``card_id``; the caller is the unit.

    The name that was seen is noted, unless it leads to another resident. Raises ``UnitNotFound``
    and what is in ``CLAIM_REFUSALS``; who has claimed already is told so first.
    """
    unit = await units.lock(tx, caller.store_id, unit_id)
    key = {
        "store_id": unit.store_id,
        "unit_id": unit.id,
        "round": unit.round_number,
        "resident_uuid": claimant.resident.uuid,
    }
    claimed = await tx.one("claim_of_resident", **key)
    if claimed is not None:
        raise AlreadyClaimed(*claimed)
    store, now = await stores.read(tx, unit.store_id), tx.now()
    today = day_of(now, store.time_zone).toordinal()
    counted = Counted.after(unit, today, unit.settings.credit)
    check_unit(unit, counted, now)
    _check_claimant(unit, claimant, today)
    await naming.note_touch(tx, unit.store_id, claimant.resident)
    change = await grants.grant(tx, _request(caller, unit, store, claimant, card_id))
    await tx.run("claim_add", **key, card_id=card_id, credit=unit.settings.credit, now=now)
    await count(tx, caller, unit, counted)
    return change


async def list_of(
    tx: Tx, store_id: str, unit_id: str, position: Position, limit: int
) -> Page[Claim]:
    """Return a page of at most ``limit`` claims of a unit, oldest first.

    Raises ``UnitNotFound``.
    """
    await units.read(tx, store_id, unit_id)
    return await read_page(
        tx, CLAIMS_OF_UNIT, position, limit, Claim, lambda claim: (claim.card_id,),
        store_id=store_id, unit_id=unit_id,
    )  # fmt: skip


def check_unit(unit: Unit, counted: Counted, now: int) -> None:
    """Raise why the unit gives nothing now, or not so much as is ``counted``.

    ``UnitPaused``, ``NotOpen``, ``UnitExhausted``, ``UnitExhaustedToday``.
    """
    settings = unit.settings
    if settings.paused:
        raise UnitPaused
    over = settings.ends_at is not None and now >= settings.ends_at
    if over or now < (settings.starts_at or 0):
        raise NotOpen
    too_much = _is_over(counted.granted, settings.max_credit)
    if too_much or _is_over(counted.cards, settings.max_cards):
        raise UnitExhausted
    if _is_over(counted.cards_that_day, settings.max_cards_a_day):
        raise UnitExhaustedToday


async def count(tx: Tx, caller: Caller, unit: Unit, counted: Counted) -> None:
    """Write what a unit has given with one card more, and note the event if that was the last."""
    await tx.run(
        "unit_count",
        store_id=unit.store_id,
        id=unit.id,
        cards=counted.cards,
        granted=counted.granted,
        day=counted.day,
        cards_that_day=counted.cards_that_day,
        now=tx.now(),
    )
    if _is_last(unit, counted):
        name, cards, granted = unit.settings.name, counted.cards, counted.granted
        shown = {"name": name, "cards": cards, "granted": granted}
        await events.note(tx, caller, events.UNIT_EXHAUSTED, "unit", unit.id, None, shown)


def _is_last(unit: Unit, counted: Counted) -> bool:
    """Tell whether a unit that has given so much gives nothing more, whatever it is asked for."""
    settings = unit.settings
    least = settings.credit if unit.kind == "delivery" else 1
    too_much = _is_over(counted.granted + least, settings.max_credit)
    return too_much or _is_over(counted.cards + 1, settings.max_cards)


def _check_claimant(unit: Unit, claimant: Claimant, today: int) -> None:
    """Raise why the unit gives this resident nothing."""
    settings = unit.settings
    if settings.group_only and not claimant.in_group:
        raise NotInGroup
    days = settings.min_account_days
    if days is not None and not _is_old_enough(claimant.born, days, today):
        raise AccountTooYoung(days)
    known_as = {claimant.resident.username, claimant.resident.uuid}  # whose name was erased
    if settings.usernames and known_as.isdisjoint(settings.usernames):
        raise NotInvited


def _is_old_enough(born: date | None, days: int, today: int) -> bool:
    return born is not None and today - born.toordinal() >= days


def _is_over(number: int, bound: int | None) -> bool:
    return bound is not None and number > bound


def _request(
    caller: Caller, unit: Unit, store: Store, claimant: Claimant, card_id: str
) -> GrantRequest:
    terms = terms_of(unit, store, unit.settings.credit, announce=False)
    return GrantRequest(caller, Identifier(uuid=claimant.resident.uuid), terms, card_id)


def terms_of(
    unit: Unit,
    store: Store,
    credit: int,
    *,
    purchased: bool = False,
    announce: bool | UnsetType = UNSET,
) -> Terms:
    """Return what a unit's card is like: it has the store's logo if the unit has no texture."""
    settings = unit.settings
    return Terms(
        credit,
        transfer=settings.transferable,
        texture=settings.texture or store.logo,
        reason=settings.name,
        purchased=purchased,
        announce=announce,
    )
