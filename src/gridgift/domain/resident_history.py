"""What happened to a resident's cards and credit, as the resident sees it (contract section 8)."""

from collections.abc import Sequence
from typing import Final, Literal, get_args

from msgspec import Struct

from gridgift.domain import residents
from gridgift.domain.ledger import read_card_state, read_credit_state
from gridgift.domain.model import CardState, Entry, EntryKind, Resident
from gridgift.domain.paging import Page, Position
from gridgift.domain.paging import read_page as read_entries
from gridgift.storage.database import Tx
from gridgift.storage.listing import ENTRIES_OF_RESIDENT

Kind = Literal[
    "granted",
    "received",
    "passed_on",
    "added",
    "taken",
    "changed",
    "switched_on",
    "switched_off",
    "replaced",
    "replacement",
    "expired",
    "held",
    "held_longer",
    "used",
    "released",
    "redeemed",
    "credited",
    "spent",
    "refunded",
    "moved_in",
    "moved_out",
    "prolonged",
    "credit_expired",
]

CARDS: Final = 1000  # of a resident's cards, and of those passed on: the newest ones are looked at
ENTRIES: Final = 200  # of each of them, the newest ones
ENTRIES_OF_CREDIT: Final = 2000  # the newest ones
KEY_TYPES: Final = ENTRIES_OF_RESIDENT.types()
KINDS: Final = get_args(Kind)

# What an entry is called where the resident's part in it, or its sum, makes no difference. A card
# that is redeemed has an entry, and so has the credit that it becomes: that one is told of.
_PLAIN: Final[dict[EntryKind, Kind]] = {
    "granted": "granted",
    "imported": "granted",
    "enabled": "switched_on",
    "disabled": "switched_off",
    "expired": "expired",
    "held": "held",
    "hold_extended": "held_longer",
    "captured": "used",
    "voided": "released",
    "credit_deposited": "credited",
    "credit_redeemed": "redeemed",
    "credit_spent": "spent",
    "credit_refunded": "refunded",
    "credit_extended": "prolonged",
    "credit_expired": "credit_expired",
}
_TOLD: Final[tuple[EntryKind, ...]] = (
    *_PLAIN, "transferred", "updated", "adjusted", "reissued", "credit_moved",
)  # fmt: skip
_OF_WHOLE_CARDS: Final = frozenset(
    {"received", "passed_on", "switched_on", "switched_off", "expired"}
)


class Moment(Struct, frozen=True):
    """Something that happened; ``amount`` is what it was about, in L$, or 0.

    ``card_id`` is the card that it happened to, or that became credit; ``other`` from or to whom
    something went, if a name is known; ``until`` is when what is held comes free. Instants are in
    milliseconds.
    """

    kind: Kind
    amount: int
    at: int
    card_id: str | None = None
    other: Resident | None = None
    until: int | None = None


async def list_of(
    tx: Tx, store_id: str, resident_uuid: str, position: Position, limit: int
) -> Page[Moment]:
    """Return a page of at most ``limit`` moments, the newest first.

    Looked at are the newest entries of the credit, of the resident's ``CARDS`` newest cards, and of
    as many of those that were passed on, each for the time in which it was the resident's.
    """
    page = await read_entries(
        tx, ENTRIES_OF_RESIDENT, position, limit,
        Entry, lambda entry: (entry.created_at, entry.account_id, entry.seq), descending=True,
        store_id=store_id, kinds=[*_TOLD], card_ids=await _cards(tx, store_id, resident_uuid),
        resident=resident_uuid, resident_uuid=resident_uuid,
        newest=ENTRIES, newest_of_credit=ENTRIES_OF_CREDIT,
    )  # fmt: skip
    others = {other for entry in page.rows if (other := _other_in(entry, resident_uuid))}
    names = await residents.shown_names(tx, sorted(others))
    known = {uuid: Resident(uuid, name) for uuid, name in names.items() if name != uuid}
    return page.map(lambda entry: _moment(entry, resident_uuid, known))


async def _cards(tx: Tx, store_id: str, resident_uuid: str) -> Sequence[str]:
    """Return the ids of the cards whose entries are looked at."""
    owned = await tx.all(
        "cards_newest_of_owner", store_id=store_id, owner_uuid=resident_uuid, rows=CARDS
    )
    given = await tx.all("cards_passed_on", store_id=store_id, giver=resident_uuid, rows=CARDS)
    return sorted({row[0] for row in (*owned, *given)})


def _other_in(entry: Entry, resident_uuid: str) -> str | None:
    """Return from or to whom something went."""
    if entry.account_kind == "credit":
        return read_credit_state(entry.state).other
    if entry.kind != "transferred":
        return None
    state = read_card_state(entry.state)
    return state.source if state.owner_uuid == resident_uuid else state.owner_uuid


def _moment(entry: Entry, resident_uuid: str, known: dict[str, Resident]) -> Moment:
    other = known.get(_other_in(entry, resident_uuid) or "")
    if entry.account_kind == "credit":
        redeemed = entry.kind == "credit_redeemed"
        card_id = read_credit_state(entry.state).reference if redeemed else None
        kind = _of_credit(entry)
        return Moment(kind, abs(entry.delta), entry.created_at, card_id, other)
    state = read_card_state(entry.state)
    kind = _of_card(entry, state, resident_uuid)
    amount = _amount(kind, entry, state)
    until = state.hold_expires_at if kind in {"held", "held_longer"} else None
    return Moment(kind, amount, entry.created_at, entry.account_id, other, until)


def _of_credit(entry: Entry) -> Kind:
    if entry.kind == "credit_moved":
        return "moved_out" if entry.delta < 0 else "moved_in"
    return _PLAIN[entry.kind]


def _of_card(entry: Entry, state: CardState, resident_uuid: str) -> Kind:
    if entry.kind == "transferred":
        return "received" if state.owner_uuid == resident_uuid else "passed_on"
    if entry.kind == "reissued":
        return "replacement" if entry.delta > 0 else "replaced"
    if entry.kind in {"updated", "adjusted"}:
        return "added" if entry.delta > 0 else "taken" if entry.delta < 0 else "changed"
    return _PLAIN[entry.kind]


def _amount(kind: Kind, entry: Entry, state: CardState) -> int:
    """Return what a change of a card is about (L$): what is held, the whole card, or its change."""
    if kind in {"held", "held_longer", "released"}:
        return state.hold_amount or 0
    return entry.balance_after if kind in _OF_WHOLE_CARDS else abs(entry.delta)
