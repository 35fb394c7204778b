"""Residents: how they are named, found and remembered (contract section 5)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from gridgift.domain.failures import IdentifierMalformed, ResidentNotFound, UsernameTaken
from gridgift.domain.ids import NIL_UUID, parse_uuid
from gridgift.domain.model import Resident
from gridgift.storage.database import TransactionConflict, Tx

_USERNAME: Final = re.compile(r"([a-z0-9]{1,31})(?:[. ]([a-z0-9]{1,31}))?", re.ASCII)
_decode_pairs: Final = msgspec.json.Decoder(list[tuple[str, str]]).decode
_NO_LAST_NAME: Final = (None, "resident")  # everyone who joined since 2010 is a "Resident"


class Identifier(Struct, frozen=True):
    """A resident's normalised username, or avatar UUID; exactly one of the two."""

    username: str | None = None
    uuid: str | None = None

    def __str__(self) -> str:
        return self.username or self.uuid or ""


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


async def find(tx: Tx, identifier: Identifier) -> Resident:
    """Find a known resident; an old username leads to its resident too.

    Raises ``ResidentNotFound``.
    """
    if identifier.uuid is not None:
        row = await tx.one("resident_by_uuid", uuid=identifier.uuid)
    else:
        row = await tx.one("resident_by_username", username=identifier.username)
    if row is None:
        raise ResidentNotFound(str(identifier))
    return Resident(*row)


async def remember(tx: Tx, resident: Resident, *, reassign: bool = False) -> Resident:
    """Note that this UUID was seen with this (normalised) username, now the resident's name.

    Usernames are never given to another resident, so a name that leads to another UUID raises
    ``UsernameTaken`` before anything is written, unless ``reassign`` says that the earlier note
    was wrong; then who was noted wrongly shows another name, or the UUID. Raises
    ``TransactionConflict`` if someone takes the name meanwhile.
    """
    values = {"uuid": resident.uuid, "username": resident.username, "now": tx.now()}
    holder = await tx.one("resident_by_username", username=resident.username)
    if holder is not None and holder[0] != resident.uuid and not reassign:
        raise UsernameTaken(resident.username, holder[0])
    await tx.run("resident_keep", **values)
    if await tx.one("resident_name_keep", **values) is None:
        if holder is None or not await tx.run(
            "resident_name_move", **values, holder_uuid=holder[0]
        ):
            raise TransactionConflict
        named = {"username": resident.username, "holder_uuid": holder[0], "now": values["now"]}
        await tx.run("resident_rename", **named)
    return resident


async def find_all(tx: Tx, identifiers: Iterable[Identifier]) -> dict[Identifier, Resident]:
    """Find many at once, as ``find`` does; those that are not known are left out."""
    wanted = set(identifiers)
    uuids = [each.uuid for each in wanted if each.uuid is not None]
    names = [each.username for each in wanted if each.username is not None]
    found: dict[Identifier, Resident] = {}
    if uuids:
        row = await tx.one("residents_by_uuid", uuids=uuids)
        for uuid, username in _decode_pairs(row[0]) if row is not None and row[0] else ():
            found[Identifier(uuid=uuid)] = Resident(uuid, username)
    if names:
        for name, uuid, username in await tx.all("residents_by_username", usernames=names):
            found[Identifier(username=name)] = Resident(uuid, username)
    return found


async def remember_all(
    tx: Tx, seen: Sequence[Resident], *, dry: bool = False
) -> list[Resident | UsernameTaken]:
    """Note many, one after the other, as ``remember`` does; return each outcome.

    ``dry`` notes nothing. Raises ``TransactionConflict`` if someone takes a name meanwhile.
    """
    if not seen:
        return []
    known = await find_all(tx, [Identifier(uuid=each.uuid) for each in seen])
    named = await find_all(tx, [Identifier(username=each.username) for each in seen])
    present = {resident.uuid: resident.username for resident in known.values()}
    holders = {str(name): resident.uuid for name, resident in named.items()}
    renamed: dict[str, str] = {}
    new_names: dict[str, str] = {}
    outcomes: list[Resident | UsernameTaken] = []
    for each in seen:
        holder = holders.setdefault(each.username, each.uuid)
        if holder != each.uuid:
            outcomes.append(UsernameTaken(each.username, holder))
            continue
        if Identifier(username=each.username) not in named:
            new_names[each.username] = each.uuid
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
        kept = await tx.all("residents_by_username", usernames=list(new_names))
        if {name: uuid for name, uuid, _ in kept} != new_names:
            raise TransactionConflict
