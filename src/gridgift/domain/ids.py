"""Ids: UUIDv7 strings, so that the order of ids is the order of creation (contract section 4)."""

import re
from typing import Final
from uuid import UUID

import uuid_utils
from uuid_utils import uuid7

from gridgift.domain.model import NIL_UUID

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_TIME: Final = 80  # bits of a UUIDv7 behind its time
LAST_UUID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"

__all__ = [
    "LAST_UUID",
    "NIL_UUID",
    "derived_id",
    "first_id_at",
    "id_at",
    "new_id",
    "parse_uuid",
    "texture_of",
]


def new_id() -> str:
    """Make a fresh id; ids made later in this process sort later."""
    return str(uuid7())


def texture_of(uuid: str | None) -> str | None:
    """Return a texture's UUID in lower case; the all-zero one means none (contract section 6)."""
    return None if uuid is None or uuid == NIL_UUID else uuid.lower()


def id_at(instant: int) -> str:
    """Make a fresh id that sorts as if it were made at an instant, in milliseconds."""
    return str(UUID(int=max(instant, 0) << _TIME | uuid7().int % (1 << _TIME)))


def first_id_at(instant: int) -> str:
    """Return the least id that ``new_id`` could make at an instant, in milliseconds."""
    return str(UUID(int=max(instant, 0) << _TIME))


def derived_id(origin: str, name: object) -> str:
    """Make an id out of another one and a name: always the same (UUIDv5, RFC 9562, 5.5)."""
    return str(uuid_utils.uuid5(uuid_utils.UUID(origin), str(name)))


def parse_uuid(text: str) -> str | None:
    """Return the UUID in lower case, or None if the text is not one in hyphenated form."""
    return text.lower() if _UUID.fullmatch(text) else None
