"""Residents: how they are named, found and remembered (contract section 5)."""

import re
from typing import Final

from msgspec import Struct

from gridgift.domain.failures import IdentifierMalformed, ResidentNotFound, UsernameTaken
from gridgift.domain.ids import NIL_UUID, parse_uuid
from gridgift.domain.model import Resident
from gridgift.storage.database import TransactionConflict, Tx

_USERNAME: Final = re.compile(r"([a-z0-9]{1,31})(?:[. ]([a-z0-9]{1,31}))?", re.ASCII)
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


async def remember(tx: Tx, resident: Resident, now: int, *, reassign: bool = False) -> Resident:
    """Note that this UUID was seen with this (normalised) username, now the resident's name.

    Usernames are never given to another resident, so a name that leads to another UUID raises
    ``UsernameTaken`` before anything is written, unless ``reassign`` says that the earlier note
    was wrong. Raises ``TransactionConflict`` if someone takes the name meanwhile.
    """
    values = {"uuid": resident.uuid, "username": resident.username, "now": now}
    holder = await tx.one("resident_by_username", username=resident.username)
    if holder is not None and holder[0] != resident.uuid and not reassign:
        raise UsernameTaken(resident.username, holder[0])
    await tx.run("resident_keep", **values)
    if await tx.one("resident_name_keep", **values) is None:
        if not reassign:
            raise TransactionConflict
        await tx.run("resident_name_move", **values)
    return resident
