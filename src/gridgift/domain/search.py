"""The search over all cards of a store: filters that combine, four orders, both ways (section 10).

Filters lead to the cards where they can be few: by a reference, owners, an import, a tag; by notes
and by metadata in a store that has few cards with notes, or with labels.
Those cards are looked at by their ids, and sorted. Otherwise the walk goes along the index of
an order and looks at a bounded number of cards: a page that has come to that bound ends early, and
the next one goes on from there (decision 38).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct

from gridgift.domain.card_filters import NO_FILTERS, Filters, ends_of, values_of
from gridgift.domain.found_cards import FoundCard
from gridgift.domain.ids import LAST_UUID, NIL_UUID
from gridgift.domain.labels import read_each
from gridgift.domain.model import NO_LABELS, Labels
from gridgift.domain.paging import Keys, KeyType, Page, Position
from gridgift.storage.database import Tx
from gridgift.storage.listing import (
    CARDS_AMONG,
    CARDS_BY_CREDIT_ENDING,
    CARDS_OF_STORE,
    CARDS_UNFILTERED,
    FAR,
)

LOOKED_AT: Final = 250  # cards, by one statement of a walk
WINDOWS: Final = 16  # such statements for one page: on SQLite nothing else is answered meanwhile
NOTED_AT: Final = 100  # the same two, where up to 20 notes of each card are looked through
NOTED_WINDOWS: Final = 4
ENDING_AT: Final = 1_000  # after the first 250, where the index says which cards to pass over
ENDING_WINDOWS: Final = 4
GATHERED: Final = 2_000  # cards that are looked at by their ids
MAX_COUNT: Final = 10_000  # of a capped count
COUNTED: Final = 20_000  # cards that a capped count looks at
COUNTED_NOTED: Final = 400  # where their notes are looked through

SortBy = Literal["created", "credit", "expiry", "updated"]
KEY_TYPES: Final[Sequence[KeyType]] = CARDS_OF_STORE.types("created")  # of every order

_COLUMNS: Final = {
    "created": "created_at",
    "credit": "credit",
    "updated": "updated_at",
    "expiry": "expires_at",
}


class Search(Struct, frozen=True):
    """A search for a page of at most ``limit`` cards."""

    filters: Filters
    sort_by: SortBy
    descending: bool
    position: Position
    limit: int


class Found(Struct, frozen=True):
    """A card that was found, and its labels."""

    card: FoundCard
    labels: Labels


class Count(Struct, frozen=True):
    """How many cards match: ``value``, or (not ``exact``) at least so many."""

    value: int
    exact: bool


class _Section(Struct, frozen=True):
    """A part of a walk: along an order, from some keys (themselves not in it) to its end."""

    order: str
    keys: Keys
    until: int | str


class _Walked(Struct):
    """What a walk found, nearest first; where it ``stopped`` early (None: it came to the end)."""

    rows: list[FoundCard]
    stopped: Keys | None = None


# not strict: SQLite's booleans are numbers
_decode_found: Final = msgspec.json.Decoder(list[FoundCard], strict=False).decode
_decode_keys: Final = msgspec.json.Decoder(list[Keys]).decode


async def search(
    tx: Tx, store_id: str, wanted: Search, ids: Sequence[str] | None = None
) -> Page[Found]:
    """Return a page of the cards that match; one that ends early has fewer, or none at all.

    ``ids`` are those of up to 2,000 cards, among which alone is looked; no reference is asked then.
    """
    values = await values_of(tx, store_id, wanted.filters)
    if ids is None:
        ids = await _gathered(tx, store_id, wanted.filters, values)
    if ids is None:
        walked = await _walk(tx, wanted, values)
    else:
        walked = _Walked(await _sorted(tx, wanted, values, ids))
    page = _page(walked, wanted)
    labelled = [card.id for card in page.rows if card.labelled]
    labels = await read_each(tx, store_id, labelled) if labelled else {}
    return page.map(lambda card: Found(card, labels.get(card.id, NO_LABELS)))


async def count(tx: Tx, store_id: str, filters: Filters, *, exact: bool) -> Count:
    """Count the cards that match; unless ``exact``, up to 10,000 among 20,000 at most."""
    if filters == NO_FILTERS:
        beyond, cap = "cards_of_store_beyond", MAX_COUNT
        if not exact and await tx.one(beyond, store_id=store_id, stepped=cap):
            return Count(cap, exact=False)
        row = await tx.one("cards_of_store_count", store_id=store_id)
        assert row is not None
        return Count(row[0], exact=True)
    values = await values_of(tx, store_id, filters)
    ids = await _gathered(tx, store_id, filters, values)
    if ids is not None:
        row = await tx.one("cards_matching_among", **values, ids=ids, looked=GATHERED)
        return Count(0 if row is None else row[0], exact=True)
    bound = COUNTED if filters.note is UNSET else COUNTED_NOTED
    row = await tx.one("cards_matching", **values, looked=FAR if exact else bound)
    assert row is not None
    found, seen = row
    if exact or (seen < bound and found <= MAX_COUNT):
        return Count(found, exact=True)
    return Count(min(found, MAX_COUNT), exact=False)


async def matching(tx: Tx, store_id: str, filters: Filters, card_ids: Collection[str]) -> set[str]:
    """Return those of some cards, up to 2,000, that match now."""
    ids = set(card_ids)
    if filters.reference is not None:
        ids.intersection_update(await _gathered(tx, store_id, filters, {}) or ())
    values = await values_of(tx, store_id, filters)
    rows = await tx.all("ids_matching_among", **values, ids=sorted(ids), looked=GATHERED)
    return {row[0] for row in rows}


async def _gathered(
    tx: Tx, store_id: str, filters: Filters, values: dict[str, Any]
) -> list[str] | None:
    """Return the ids of all cards that can match, where a filter leads to few; None elsewhere."""
    if filters.reference is not None:
        row = await tx.one("reference_holder", store_id=store_id, reference=filters.reference)
        return [] if row is None else [row[0]]
    for statement, seek in _leading(filters, values):
        rows = await tx.all(statement, store_id=store_id, **seek, rows=GATHERED + 1)
        if len(rows) <= GATHERED:
            return list(dict.fromkeys(row[0] for row in rows))
    return None


def _leading(filters: Filters, values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the statements that lead to cards which can match, and their values."""
    if not values["any_owner"]:
        yield "cards_of_owners", {"owners": values["owners"]}
    if filters.imported is not None:
        yield "import_cards_after", {"digest": filters.imported, "after": NIL_UUID}
    if filters.tag is not None:
        yield "cards_tagged", {"tag": filters.tag}
    if filters.note is not UNSET:
        yield "cards_noted", {}
    if filters.metadata is not UNSET:
        yield "cards_labelled", {}


async def _sorted(
    tx: Tx, wanted: Search, values: dict[str, Any], ids: Sequence[str]
) -> list[FoundCard]:
    """Return those of some cards that match, up to one more than a page, nearest first."""
    if not ids:
        return []
    query = CARDS_AMONG.statement(
        wanted.position, order=wanted.sort_by, descending=wanted.descending
    )
    seek = CARDS_AMONG.values(wanted.position, wanted.limit, order=wanted.sort_by)
    row = await tx.one(query, **values, **seek, ids=ids, looked=GATHERED)
    return [] if row is None or row[0] is None else _decode_found(row[0])


async def _walk(tx: Tx, wanted: Search, values: dict[str, Any]) -> _Walked:
    """Look at cards along an order until a page is full, its bound is reached, or none is left."""
    walked = _Walked([])
    looked, further, windows = _pace(wanted, values)
    for section in _sections(wanted, values["now"]):
        boundary = Position(section.keys)
        while True:
            seen = values | {"looked": looked}
            last = await _look(tx, wanted, seen, section, boundary, walked.rows)
            if len(walked.rows) > wanted.limit:
                return walked
            if last is None:
                break
            windows -= 1
            if not windows:
                # the walk of those that have no date passes over cards that have one
                walked.stopped = (FAR, *last) if section.order == "undated" else last
                return walked
            boundary, looked = Position(last), further
    return walked


async def _look(
    tx: Tx,
    wanted: Search,
    values: dict[str, Any],
    section: _Section,
    boundary: Position,
    rows: list[FoundCard],
) -> Keys | None:
    """Look at the next cards of a section and add those that match, up to one more than a page.

    Return the keys of the last card that it may look at, or None if no more are left.
    """
    undated = section.order == "undated"
    wanting = wanted.limit - len(rows)
    if wanted.filters == NO_FILTERS and not undated:
        listing = CARDS_UNFILTERED
    else:
        listing = CARDS_BY_CREDIT_ENDING if _by_credit_ending(wanted, values) else CARDS_OF_STORE
    row = await tx.one(
        listing.statement(boundary, order=section.order, descending=_downwards(wanted)),
        **values | ({"end_to": -1} if undated else {}),
        **listing.values(boundary, wanting, order=section.order),
        until=section.until,
    )
    assert row is not None
    found, last = row
    if found is not None:
        rows += _decode_found(found)
    return next(iter(_decode_keys(last or "[]")), None)


def _pace(wanted: Search, values: dict[str, Any]) -> tuple[int, int, int]:
    """Return the cards that a first statement looks at, those of further ones, and how many run."""
    if wanted.filters.note is not UNSET:
        return NOTED_AT, NOTED_AT, NOTED_WINDOWS
    if _by_credit_ending(wanted, values):  # where most cards match, the first finds enough
        return LOOKED_AT, ENDING_AT, ENDING_WINDOWS
    return LOOKED_AT, LOOKED_AT, WINDOWS


def _by_credit_ending(wanted: Search, values: dict[str, Any]) -> bool:
    """Tell whether the order's index says which cards end in the time that is searched."""
    return wanted.sort_by == "credit" and not values["endless"]


def _downwards(wanted: Search) -> bool:
    """Tell whether the cards are read from the largest key on."""
    return wanted.descending is not wanted.position.backward


def _sections(wanted: Search, now: int) -> list[_Section]:
    """Return what a walk goes along: in most orders one section, between the filters' bounds."""
    filters, keys, downwards = wanted.filters, wanted.position.keys, _downwards(wanted)
    if wanted.sort_by == "expiry":
        dated = _dated(filters, keys, now, downwards=downwards)
        undated = _undated(filters, keys, now, downwards=downwards)
        return [*undated, *dated] if downwards else [*dated, *undated]
    bounds = {
        "created": (filters.created_from, filters.created_to),
        "credit": (filters.credit_from, filters.credit_to),
        "updated": (0, FAR),
    }
    return [_section(wanted.sort_by, keys, *bounds[wanted.sort_by], downwards=downwards)]


def _dated(filters: Filters, keys: Keys, now: int, *, downwards: bool) -> list[_Section]:
    """Return the walk along those cards that have a date, unless it is over."""
    beyond = bool(keys) and keys[0] == FAR
    if beyond and not downwards:
        return []
    first, last, _ = ends_of(filters, now)
    return [_section("dated", () if beyond else keys, first, last, downwards=downwards)]


def _undated(filters: Filters, keys: Keys, now: int, *, downwards: bool) -> list[_Section]:
    """Return the walk along those that have none, unless it is over or they can't match."""
    *_, endless = ends_of(filters, now)
    beyond = bool(keys) and keys[0] == FAR
    if not endless or (keys and downwards and not beyond):
        return []
    first, last = (LAST_UUID, NIL_UUID) if downwards else (NIL_UUID, LAST_UUID)
    return [_Section("undated", keys[1:] if beyond else (first,), last)]


def _section(order: str, keys: Keys, low: int, high: int, *, downwards: bool) -> _Section:
    if downwards:
        return _Section(order, keys or (high, LAST_UUID), low)
    return _Section(order, keys or (low, NIL_UUID), high)


def _keys(card: FoundCard, sort_by: SortBy) -> Keys:
    """Return the values that a list is ordered by."""
    value = getattr(card, _COLUMNS[sort_by])
    return (FAR if value is None else value, card.id)


def _page(walked: _Walked, wanted: Search) -> Page[FoundCard]:
    """Make a page of what was found; unlike ``page_of`` of a walk that may have stopped early."""
    position, stopped = wanted.position, walked.stopped
    rows = walked.rows[: wanted.limit]
    if len(walked.rows) > wanted.limit:
        stopped = _keys(rows[-1], wanted.sort_by)
    beyond = None if stopped is None else Position(stopped, position.backward)
    behind = None
    if position.keys or position.backward:
        nearest = _keys(rows[0], wanted.sort_by) if rows else stopped or ()
        behind = Position(nearest, not position.backward)
    if position.backward:
        return Page(rows[::-1], next=behind, previous=beyond)
    return Page(rows, next=beyond, previous=behind)
