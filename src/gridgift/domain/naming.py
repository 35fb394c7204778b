"""What a store's keys may learn of residents and do to their names (decision 35).

Residents are known to the whole server, and a key is a store's. So a name that a key notes leads to
its resident at that store alone, until the operator or the resolver says the same; and nobody is
renamed who goes by a name that others noted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain import residents
from gridgift.domain.failures import ResidentNotFound, UsernameTaken, ValidationFailed
from gridgift.domain.model import Resident
from gridgift.domain.paging import Page, Position, page_of
from gridgift.domain.residents import Holder, Identifier, parse_prefix
from gridgift.storage.database import Row, TransactionConflict, Tx
from gridgift.storage.listing import RESIDENTS_BY_NAME

KEY_TYPES: Final = RESIDENTS_BY_NAME.types()
LOOKED_AT: Final = 1_000  # names, whoever has them, for one page
FIRST_SIGN: Final = "."  # of all that a username may have
PAST_NAMES: Final = "{"  # follows every sign of a username


class Noted(Struct, frozen=True):
    """A resident as everybody sees them now, and whether the server had not known them."""

    resident: Resident
    new: bool


async def note_each(tx: Tx, store_id: str, seen: Sequence[Resident]) -> list[Noted | UsernameTaken]:
    """Note residents whom a store's keys have seen, one after the other; return each outcome.

    One whose name is the UUID has been seen without a name. Raises ``TransactionConflict`` if
    someone takes a name meanwhile.
    """
    shown = await residents.shown_names(tx, sorted({each.uuid for each in seen}))
    names = {each.username for each in seen if each.has_name}
    notes = _Notes(
        store_id,
        shown,
        await residents.holders_of(tx, names | set(shown.values())),
        alone=len(await tx.all("stores_two")) < 2,
    )
    outcomes = [notes.add(each) for each in seen]
    await notes.write(tx)
    return outcomes


async def note(tx: Tx, store_id: str, seen: Resident) -> Noted:
    """Note one. Raises ``UsernameTaken``."""
    (outcome,) = await note_each(tx, store_id, [seen])
    if isinstance(outcome, UsernameTaken):
        raise outcome
    return outcome


async def note_touch(tx: Tx, store_id: str, seen: Resident) -> None:
    """Note a resident whom a store's object has seen; a name of another resident is left out."""
    (outcome,) = await note_each(tx, store_id, [seen])
    if isinstance(outcome, UsernameTaken):
        await note(tx, store_id, Resident(seen.uuid, seen.uuid))


class _Notes:
    """What is known of some residents, and what of it is still to be written."""

    def __init__(
        self, store_id: str, shown: Mapping[str, str], holders: Mapping[str, Holder], *, alone: bool
    ) -> None:
        self._store_id = store_id
        self._shown = dict(shown)
        self._holders = dict(holders)
        self._alone = alone
        self._before = dict(shown)
        self._called: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._ours: set[str] = set()

    def add(self, seen: Resident) -> Noted | UsernameTaken:
        """Note a resident, unless the name leads to another one."""
        uuid, username, new = seen.uuid, seen.username, seen.uuid not in self._shown
        if seen.has_name:
            holder = self._holders.get(username)
            if holder is not None and holder.uuid != uuid:
                return UsernameTaken(username, holder.uuid)
            if holder is None:
                self._names[username] = uuid
                self._holders[username] = Holder(uuid, self._store_id)
            if self._holders[username].noted_by is not None:
                self._ours.add(username)
        if new or (seen.has_name and self._may_rename(self._shown[uuid], uuid)):
            self._shown[uuid] = self._called[uuid] = username
        return Noted(Resident(uuid, self._shown[uuid]), new)

    def _may_rename(self, present: str, uuid: str) -> bool:
        """Tell whether nobody else has said that a resident is called so."""
        if present == uuid or self._alone:
            return True
        holder = self._holders.get(present)
        return holder is not None and holder.noted_by == self._store_id

    async def write(self, tx: Tx) -> None:
        """Write everything, in one order for all, so that none deadlock."""
        now, store_id = tx.now(), self._store_id
        if self._called:
            await self._call(tx, now)
        if self._names:
            named = [(*pair, now, store_id) for pair in sorted(self._names.items())]
            await tx.many("resident_name_note", named)
            await residents.refuse_others(tx, self._names)
        if self._ours:
            ours = [(store_id, name, now) for name in sorted(self._ours)]
            await tx.many("store_name_add", ours)

    async def _call(self, tx: Tx, now: int) -> None:
        """Write what residents are called now, unless somebody has named them meanwhile."""
        called, before = sorted(self._called.items()), self._before
        new = [(*pair, now) for pair in called if pair[0] not in before]
        renamed = [(name, now, uuid, before[uuid]) for uuid, name in called if uuid in before]
        if new:
            await tx.many("resident_add", new)
        if renamed:
            await tx.many("resident_call", renamed)
        if await residents.shown_names(tx, sorted(self._called)) != self._called:
            raise TransactionConflict


async def list_of(
    tx: Tx, store_id: str, prefix: str, position: Position, limit: int
) -> Page[Resident]:
    """Return at most ``limit`` residents whom the store knows, by the names that they show.

    Of a thousand names that begin with the (normalised) prefix, whoever has them: so a page may be
    shorter, and have another one after it.
    """
    page = await look(tx, store_id, prefix, _is_known, position, limit)
    return page.map(lambda row: Resident(row[1], row[0]))


async def look(
    tx: Tx,
    store_id: str,
    prefix: str,
    is_chosen: Callable[[Row], bool],
    position: Position,
    limit: int,
) -> Page[Row]:
    """Return a page of the names that are chosen.

    A row is a name, the UUID to which it leads, the name that is shown, whether the store's keys
    noted it (None: no), and whether the resident is the store's customer (None: no).
    """
    where = bounds(prefix)
    if position.keys:  # one of these names, which no statement looks for beyond it
        where["prefix_end" if position.backward else "prefix"] = str(position.keys[0])
    rows = await tx.all(
        RESIDENTS_BY_NAME.statement(position),
        store_id=store_id,
        **where,
        **RESIDENTS_BY_NAME.values(position, LOOKED_AT),
    )
    return chosen_page(rows, is_chosen, position, limit)


def _is_known(row: Row) -> bool:
    """Tell whether a name is its resident's present one, and the store knows them."""
    name, _, shown, noted, is_customer = row
    return name == shown and bool(noted or is_customer)


def read_prefix(text: str, field: str = "prefix") -> str:
    """Normalise the beginning of a username. Raises ``ValidationFailed``, of this field."""
    prefix = parse_prefix(text)
    if prefix is None:
        raise ValidationFailed({field: ["must be the beginning of a username"]})
    return prefix


def bounds(prefix: str) -> dict[str, str]:
    """Return the bounds of the names that begin with a (normalised) prefix."""
    return {"prefix": prefix, "prefix_end": prefix + PAST_NAMES}


def chosen_page(
    rows: Sequence[Row], is_chosen: Callable[[Row], bool], position: Position, limit: int
) -> Page[Row]:
    """Make a page of at most ``limit`` of up to ``LOOKED_AT + 1`` rows: of those that are chosen.

    The first column is the list's key. The pages beside it begin where looking has ended.
    """
    looked_at, found = min(len(rows), LOOKED_AT), 0
    for number, row in enumerate(rows[:LOOKED_AT]):
        if is_chosen(row):
            if found == limit:
                looked_at = number
                break
            found += 1
    page = page_of(rows[: looked_at + 1], position, looked_at, lambda row: (row[0],))
    return Page([row for row in page.rows if is_chosen(row)], page.next, page.previous)


class NameOf(Struct, frozen=True):
    """A name of a resident: when it was last seen, and the store whose key noted it.

    None: it was noted by who is believed everywhere.
    """

    username: str
    seen_at: int
    noted_by: str | None


async def names_of(tx: Tx, identifier: Identifier) -> tuple[Resident, list[NameOf]]:
    """Return a resident and all their names, the newest first, as the operator sees them.

    Raises ``ResidentNotFound``.
    """
    uuid = identifier.uuid
    if uuid is None and identifier.username is not None:
        row = await tx.one("resident_name_holder", username=identifier.username)
        uuid = None if row is None else row[0]
    if uuid is None or (found := await tx.one("resident_by_uuid", uuid=uuid)) is None:
        raise ResidentNotFound(str(identifier))
    return Resident(*found), [NameOf(*row) for row in await tx.all("names_of_resident", uuid=uuid)]


async def give(
    tx: Tx, resident: Resident, *, reassign: bool = False
) -> tuple[Resident, Holder | None]:
    """Note a resident's username for the operator; return also to whom it led before.

    Raises what ``residents.remember`` raises.
    """
    holders = await residents.holders_of(tx, [resident.username])
    kept = await residents.remember(tx, resident, reassign=reassign)
    return kept, holders.get(resident.username)


async def rename(
    tx: Tx, identifier: Identifier, username: str, *, reassign: bool = False
) -> tuple[Resident, Holder | None]:
    """Note another username of a known resident, and answer as ``give``.

    Raises ``ResidentNotFound``, ``ValidationFailed``, and what ``residents.remember`` raises.
    """
    resident, _ = await names_of(tx, identifier)
    seen = residents.read_resident(username, resident.uuid)
    return await give(tx, seen, reassign=reassign)


async def search(tx: Tx, prefix: str, after: str, rows: int) -> list[tuple[str, Resident]]:
    """Return names that follow ``after`` and begin with a prefix, and who has, or had, them."""
    place = bounds(prefix)
    if after:
        place["prefix"] = after + FIRST_SIGN
    found = await tx.all("residents_anywhere", rows=rows, **place)
    return [(name, Resident(*resident)) for name, *resident in found]


async def list_all(tx: Tx, after: str, rows: int) -> list[Resident]:
    """Return residents whose UUIDs follow ``after``, in their order."""
    return [Resident(*row) for row in await tx.all("residents_all", after=after, rows=rows)]
