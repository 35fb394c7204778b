"""Residents: how they are named, found and remembered (contract section 5)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from gridgift.domain.failures import (
    IdentifierMalformed,
    ResidentNotFound,
    UsernameTaken,
    ValidationFailed,
)
from gridgift.domain.ids import NIL_UUID, parse_uuid
from gridgift.domain.model import Resident
from gridgift.storage.database import TransactionConflict, Tx

_USERNAME: Final = re.compile(r"([a-z0-9]{1,31})(?:[. ]([a-z0-9]{1,31}))?", re.ASCII)
PREFIX_PATTERN: Final = "^([A-Za-z0-9]{1,31}([. ][A-Za-z0-9]{0,31})?)?$"
_PREFIX: Final = re.compile(PREFIX_PATTERN)
_decode_pairs: Final = msgspec.json.Decoder(list[tuple[str, str]]).decode
_NO_LAST_NAME: Final = (None, "resident")  # everyone who joined since 2010 is a "Resident"


class Identifier(Struct, frozen=True):
    """A resident's normalised username, or avatar UUID; exactly one of the two."""

    username: str | None = None
    uuid: str | None = None

    def __str__(self) -> str:
        return self.username or self.uuid or ""


class Holder(Struct, frozen=True):
    """Who has a name; ``noted_by`` is the store whose key noted it first.

    None: it was noted by who is believed everywhere, and leads there at every store.
    """

    uuid: str
    noted_by: str | None


def parse_identifier(text: str) -> Identifier:
    """Read a username or an avatar UUID as people write them.

    ``First Last`` and ``first.last`` are ``first.last``; ``First Resident``, ``first.resident``
    and ``First`` are ``first``. Raises ``IdentifierMalformed``.
    """
    uuid = parse_uuid(text)
    if uuid is not None:
        if uuid == NIL_UUID:
            raise IdentifierMalformed
        return Identifier(uuid=uuid)
    return Identifier(username=parse_username(text))


def parse_username(text: str) -> str:
    """Normalise a username as the viewer does. Raises ``IdentifierMalformed``."""
    # lower() of an ASCII text is ASCII; the check comes first, since U+212A lowers to "k".
    parts = _USERNAME.fullmatch(text.lower()) if text.isascii() else None
    if parts is None:
        raise IdentifierMalformed
    first, last = parts.groups()
    return first if last in _NO_LAST_NAME else f"{first}.{last}"


def read_resident(username: str, uuid: str) -> Resident:
    """Return the resident with this username, as people write it, and this avatar UUID.

    Raises ``ValidationFailed``.
    """
    try:
        name = parse_username(username)
    except IdentifierMalformed:
        raise ValidationFailed({"username": [f"{username!r} is not a username"]}) from None
    if uuid == NIL_UUID:
        raise ValidationFailed({"uuid": ["the all-zero UUID is nobody's"]})
    return Resident(uuid, name)


def seen_as(identifier: Identifier, username: str | None, *, accept: bool) -> Resident | None:
    """Return who is seen: an avatar with a (normalised) username, or with none if ``accept``.

    None: the identifier is a username, or there is no other one.
    """
    if identifier.uuid is None or (username is None and not accept):
        return None
    return Resident(identifier.uuid, username or identifier.uuid)


def parse_prefix(text: str) -> str | None:
    """Read the beginning of a username, as people write it; None for what none begins with."""
    if not _PREFIX.fullmatch(text):
        return None
    return text.lower().replace(" ", ".").removesuffix(".resident")


async def find(tx: Tx, store_id: str, identifier: Identifier) -> Resident:
    """Find a known resident for a store; an old username leads to its resident too.

    A name that only other stores' keys noted leads nowhere. Raises ``ResidentNotFound``.
    """
    if identifier.uuid is not None:
        row = await tx.one("resident_by_uuid", uuid=identifier.uuid)
    else:
        row = await tx.one("resident_by_username", store_id=store_id, username=identifier.username)
    if row is None:
        raise ResidentNotFound(str(identifier))
    return Resident(*row)


async def remember(tx: Tx, resident: Resident, *, reassign: bool = False) -> Resident:
    """Note that this UUID was seen with this (normalised) username, now the resident's name.

    Only for those who are believed at every store: the operator and the resolver. Usernames are
    never given to another resident, so a name that leads to another UUID raises ``UsernameTaken``
    before anything is written, unless only stores' keys noted it (decision 35), or ``reassign``
    says that the earlier note was wrong; then who was noted wrongly shows another name, or the
    UUID. Raises ``TransactionConflict`` if someone takes the name meanwhile.
    """
    values = {"uuid": resident.uuid, "username": resident.username, "now": tx.now()}
    holder = await tx.one("resident_name_holder", username=resident.username)
    if holder is not None and holder[0] != resident.uuid:
        holder_uuid, noted_by = holder
        if noted_by is None and not reassign:
            raise UsernameTaken(resident.username, holder_uuid)
    await tx.run("resident_keep", **values)
    if await tx.one("resident_name_keep", **values) is None:
        if holder is None or not await tx.run(
            "resident_name_move", **values, holder_uuid=holder[0]
        ):
            raise TransactionConflict
        named = {"username": resident.username, "holder_uuid": holder[0], "now": values["now"]}
        await tx.run("resident_rename", **named)
    return resident


async def find_all(
    tx: Tx, store_id: str, identifiers: Iterable[Identifier]
) -> dict[Identifier, Resident]:
    """Find many at once, as ``find`` does; those that are not known are left out."""
    wanted = set(identifiers)
    uuids = [each.uuid for each in wanted if each.uuid is not None]
    names = [each.username for each in wanted if each.username is not None]
    found: dict[Identifier, Resident] = {}
    for uuid, username in (await shown_names(tx, uuids)).items():
        found[Identifier(uuid=uuid)] = Resident(uuid, username)
    if names:
        rows = await tx.all("residents_by_username", store_id=store_id, usernames=names)
        for name, uuid, username in rows:
            found[Identifier(username=name)] = Resident(uuid, username)
    return found


async def shown_names(tx: Tx, uuids: Sequence[str]) -> dict[str, str]:
    """Return what known residents are called, by UUID; who has no name is called by the UUID."""
    row = await tx.one("residents_by_uuid", uuids=uuids) if uuids else None
    return dict(_decode_pairs(row[0])) if row is not None and row[0] else {}


async def holders_of(tx: Tx, usernames: Iterable[str]) -> dict[str, Holder]:
    """Return to whom names lead, wherever they do; those that nobody has are left out."""
    rows = await tx.all("resident_names_known", usernames=sorted(set(usernames)))
    return {username: Holder(uuid, noted_by) for username, uuid, noted_by in rows}


async def remember_all(
    tx: Tx, seen: Sequence[Resident], *, dry: bool = False
) -> list[Resident | UsernameTaken]:
    """Note many, one after the other, as ``remember`` does; return each outcome.

    ``dry`` notes nothing. Raises ``TransactionConflict`` if someone takes a name meanwhile.
    """
    if not seen:
        return []
    present = await shown_names(tx, sorted({each.uuid for each in seen}))
    named = await holders_of(tx, [each.username for each in seen])
    holders = {name: holder.uuid for name, holder in named.items()}
    renamed: dict[str, str] = {}
    new_names: dict[str, str] = {}
    outcomes: list[Resident | UsernameTaken] = []
    for each in seen:
        holder = holders.setdefault(each.username, each.uuid)
        if holder != each.uuid:
            outcomes.append(UsernameTaken(each.username, holder))
            continue
        if each.username not in named or named[each.username].noted_by is not None:
            new_names[each.username] = each.uuid  # from now on it leads there at every store
        if present.get(each.uuid) != each.username:
            present[each.uuid] = renamed[each.uuid] = each.username
        outcomes.append(each)
    if not dry:
        await _keep_all(tx, renamed, new_names)
    return outcomes


async def remember_each(
    tx: Tx, seen: Sequence[Resident], *, reassign: bool = False
) -> list[Resident | UsernameTaken]:
    """Note many, one statement after the other, as ``remember`` does; return each outcome.

    A refused one has written nothing. ``remember_all`` is faster, and can't reassign.
    """
    outcomes: list[Resident | UsernameTaken] = []
    for resident in seen:
        try:
            outcomes.append(await remember(tx, resident, reassign=reassign))
        except UsernameTaken as failure:
            outcomes.append(failure)
    return outcomes


async def _keep_all(tx: Tx, renamed: dict[str, str], new_names: dict[str, str]) -> None:
    """Write usernames by UUID, and UUIDs by new name; in one order for all, so none deadlock."""
    now = tx.now()
    if renamed:
        await tx.many("resident_keep", [(*pair, now) for pair in sorted(renamed.items())])
    if new_names:
        await tx.many("resident_name_add", [(*pair, now) for pair in sorted(new_names.items())])
        await refuse_others(tx, new_names)


async def refuse_others(tx: Tx, new_names: Mapping[str, str]) -> None:
    """Raise ``TransactionConflict`` unless names that were just written have these UUIDs."""
    kept = await holders_of(tx, new_names)
    if {name: holder.uuid for name, holder in kept.items()} != new_names:
        raise TransactionConflict
