"""Units: objects in Second Life that act for a store (contract section 9).

A unit says who it is by a signature, with a secret that only its object has. The secret follows
from the server's, the unit's id and how often it was paired, so that it is stored nowhere and ends
when another object is paired.
"""

import base64
import hmac
from collections.abc import Collection, Sequence
from typing import Any, Final, Literal, Self, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from gridgift.domain import codes, events, stores, texts
from gridgift.domain.failures import IdentifierMalformed, ValidationFailed
from gridgift.domain.instants import SECOND, format_instant
from gridgift.domain.model import MAX_CREDIT, Caller
from gridgift.domain.paging import Page, Position, read_page
from gridgift.domain.residents import parse_username
from gridgift.domain.unit_failures import PairingCodeInvalid, UnitNotFound
from gridgift.storage.database import Tx
from gridgift.storage.listing import UNITS_OF_STORE

UnitKind = Literal["delivery", "terminal", "vendor", "directory"]

KINDS: Final[tuple[UnitKind, ...]] = get_args(UnitKind)
KEY_TYPES: Final = UNITS_OF_STORE.types()
DEFAULT_CREDIT: Final = 100  # L$, as Allomancy has it
CODE_LIFETIME: Final = 15 * 60 * SECOND
SEEN_EVERY: Final = 60 * SECOND
POLLING: Final = ("terminal", "directory")  # kinds that ask for work at least once a minute
SILENT_AFTER: Final = 900 * SECOND  # a restart of their region takes some minutes
CODE_BYTES: Final = 7  # of which 50 bits are used
MAX_NAMES: Final = 500
MAX_ACCOUNT_DAYS: Final = 36_500
NAME_LENGTHS: Final = (1, 63)  # characters; an object in Second Life has a name of at most 63

_decode_names: Final = msgspec.json.Decoder(tuple[str, ...]).decode


class UnitSettings(Struct, frozen=True):
    """What a store decides about a unit; the rest is None where there is no bound.

    ``credit`` is what each card has, and ``max_credit`` what all of them together may have, in L$;
    ``texture`` None is the store's logo. It gives from ``starts_at`` until ``ends_at``
    (milliseconds), at most ``max_cards`` in all rounds and ``max_cards_a_day`` on one of the
    store's days, to accounts that are ``min_account_days`` old or older, and of ``usernames``
    (normalised) if there are some. The owners of ``transferable`` cards may pass them on.
    """

    name: str
    credit: int = DEFAULT_CREDIT
    texture: str | None = None
    group_only: bool = False
    transferable: bool = False
    starts_at: int | None = None
    ends_at: int | None = None
    max_cards: int | None = None
    max_cards_a_day: int | None = None
    max_credit: int | None = None
    min_account_days: int | None = None
    usernames: tuple[str, ...] = ()
    paused: bool = False


_SETTINGS: Final = len(UnitSettings.__struct_fields__)


class UnitChanges(Struct, frozen=True):
    """The settings to change; the others are UNSET."""

    name: str | UnsetType = UNSET
    credit: int | UnsetType = UNSET
    texture: str | None | UnsetType = UNSET
    group_only: bool | UnsetType = UNSET
    transferable: bool | UnsetType = UNSET
    starts_at: int | None | UnsetType = UNSET
    ends_at: int | None | UnsetType = UNSET
    max_cards: int | None | UnsetType = UNSET
    max_cards_a_day: int | None | UnsetType = UNSET
    max_credit: int | None | UnsetType = UNSET
    min_account_days: int | None | UnsetType = UNSET
    usernames: tuple[str, ...] | UnsetType = UNSET
    paused: bool | UnsetType = UNSET


class Unit(Struct, frozen=True):
    """A unit as stored. Instants are in milliseconds.

    ``cards`` is how many it has given in all its rounds, ``granted`` how much they had (L$), and
    ``cards_that_day`` how many on the ``day`` of its last card (a proleptic Gregorian ordinal).
    ``pairings`` is how often it was paired; without an ``object_uuid`` it is not paired now.
    """

    store_id: str
    id: str
    kind: UnitKind
    settings: UnitSettings
    round_number: int
    cards: int
    granted: int
    day: int
    cards_that_day: int
    pairings: int
    object_uuid: str | None
    object_owner_uuid: str | None
    paired_at: int | None
    seen_at: int | None
    created_at: int
    updated_at: int

    def silent_since(self, now: int) -> int | None:
        """Return since when its object has not asked for work, if that is longer than usual."""
        if self.object_uuid is None or self.settings.paused or self.kind not in POLLING:
            return None
        if self.seen_at is None or max(self.seen_at, self.updated_at) > now - SILENT_AFTER:
            return None
        return self.seen_at

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build a unit from the columns of the SQL fragment ``unit``."""
        store_id, unit_id, kind, *rest = row
        *columns, names, paused = rest[:_SETTINGS]
        values = dict(zip(UnitSettings.__struct_fields__, columns, strict=False))
        values |= {name: bool(values[name]) for name in ("group_only", "transferable")}
        values["usernames"] = _decode_names(names)
        settings = UnitSettings(**values, paused=bool(paused))
        return cls(store_id, unit_id, kind, settings, *rest[_SETTINGS:])


class PairingCode(Struct, frozen=True):
    """A unit, and the new code by which one object can be paired with it."""

    unit: Unit
    code: str
    expires_at: int


async def create(
    tx: Tx, caller: Caller, unit_id: str, kind: UnitKind, settings: UnitSettings
) -> Unit:
    """Make a unit of the caller's store. Raises ``StoreNotFound``, ``ValidationFailed``."""
    store_id = caller.store_id
    await stores.read(tx, store_id)
    checked = _checked(settings)
    await tx.run(
        "unit_add", store_id=store_id, id=unit_id, kind=kind, now=tx.now(), **_columns(checked)
    )
    await tx.run("unit_store_add", id=unit_id, store=store_id)
    return await _noted(tx, caller, None, await read(tx, store_id, unit_id))


async def find(tx: Tx, unit_id: str) -> Unit:
    """Return a unit, of whatever store it is. Raises ``UnitNotFound``."""
    row = await tx.one("store_of_unit", id=unit_id)
    if row is None:
        raise UnitNotFound(unit_id)
    return await read(tx, row[0], unit_id)


async def update(tx: Tx, caller: Caller, unit_id: str, changes: UnitChanges) -> Unit:
    """Change some settings of a unit. Raises ``UnitNotFound``, ``ValidationFailed``."""
    store_id = caller.store_id
    unit = await lock(tx, store_id, unit_id)
    named = structs.asdict(changes).items()
    wanted = {name: value for name, value in named if value is not UNSET}
    checked = _checked(structs.replace(unit.settings, **wanted))
    if checked == unit.settings:
        return unit
    await tx.run("unit_update", store_id=store_id, id=unit_id, now=tx.now(), **_columns(checked))
    return await _noted(tx, caller, unit, await read(tx, store_id, unit_id))


async def read(tx: Tx, store_id: str, unit_id: str) -> Unit:
    """Return one unit of the store. Raises ``UnitNotFound``."""
    return _found(await tx.one("unit_by_id", store_id=store_id, id=unit_id), unit_id)


async def lock(tx: Tx, store_id: str, unit_id: str) -> Unit:
    """Return one unit, which nobody else changes until the transaction's end.

    Raises ``UnitNotFound``.
    """
    return _found(await tx.one("unit_lock", store_id=store_id, id=unit_id), unit_id)


async def list_of(tx: Tx, store_id: str, position: Position, limit: int) -> Page[Unit]:
    """Return a page of at most ``limit`` units of a store, oldest first."""
    return await read_page(
        tx, UNITS_OF_STORE, position, limit,
        lambda *row: Unit.from_row(row), lambda unit: (unit.id,), store_id=store_id,
    )  # fmt: skip


async def begin_round(tx: Tx, caller: Caller, unit_id: str) -> Unit:
    """Let everybody claim once more. Raises ``UnitNotFound``."""
    before = await lock(tx, caller.store_id, unit_id)
    row = await tx.one("unit_next_round", store_id=caller.store_id, id=unit_id, now=tx.now())
    return await _noted(tx, caller, before, _found(row, unit_id))


async def revoke(tx: Tx, caller: Caller, unit_id: str) -> Unit:
    """End the unit's object and its code; another object can be paired. Raises ``UnitNotFound``."""
    before = await lock(tx, caller.store_id, unit_id)
    row = await tx.one("unit_revoke", store_id=caller.store_id, id=unit_id, now=tx.now())
    return await _noted(tx, caller, before, _found(row, unit_id))


async def renew_code(tx: Tx, store_id: str, unit_id: str, random: bytes) -> PairingCode:
    """Make a code that pairs one object within 15 minutes; one from before no longer does.

    ``random`` is ``CODE_BYTES`` from the system's generator. Raises ``UnitNotFound``.
    """
    now = tx.now()
    code, until = codes.write(random), now + CODE_LIFETIME
    row = await tx.one(
        "unit_code", store_id=store_id, id=unit_id, hash=codes.digest(code), until_at=until, now=now
    )
    return PairingCode(_found(row, unit_id), code, until)


async def pair(
    tx: Tx, caller: Caller, unit_id: str, code: str, object_uuid: str, owner_uuid: str
) -> Unit:
    """Pair an object, which has this owner, with a unit; the one before is no longer heard.

    Raises ``UnitNotFound``, ``PairingCodeInvalid``; a code is good once.
    """
    before = await lock(tx, caller.store_id, unit_id)
    row = await tx.one(
        "unit_pair",
        store_id=caller.store_id,
        id=unit_id,
        hash=codes.digest(code),
        object_uuid=object_uuid,
        object_owner_uuid=owner_uuid,
        now=tx.now(),
    )
    if row is None:
        raise PairingCodeInvalid
    return await _noted(tx, caller, before, Unit.from_row(row))


async def note_heard(tx: Tx, unit: Unit) -> None:
    """Note that a unit's object was heard of, unless that was noted within a minute."""
    now = tx.now()
    if unit.seen_at is None or unit.seen_at <= now - SEEN_EVERY:
        await tx.run("unit_heard", store_id=unit.store_id, id=unit.id, now=now)


def secret_of(server_secret: bytes, unit: Unit) -> str:
    """Return the secret with which the object of the unit's last pairing signs.

    It is that of no other unit and no other pairing, and nobody finds it without the server's.
    """
    name = f"gridgift unit {unit.store_id} {unit.id} {unit.pairings}"
    digest = hmac.digest(server_secret, name.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def invite_by_uuid(tx: Tx, store_id: str, usernames: Collection[str], uuid: str) -> int:
    """Put a resident's UUID where their usernames stand among whom units are for.

    The list does not get shorter, since an empty one is for everybody. Returns how many changed.
    """
    changed = 0
    for unit_id, names in await tx.all("units_inviting", store_id=store_id):
        before = _decode_names(names)
        after = sorted({uuid if name in usernames else name for name in before})
        if after != sorted(before):
            encoded = msgspec.json.encode(after).decode()
            values = {"store_id": store_id, "id": unit_id, "usernames": encoded}
            changed += await tx.run("unit_invite", **values, now=tx.now())
    return changed


async def _noted(tx: Tx, caller: Caller, before: Unit | None, after: Unit) -> Unit:
    """Return a unit as it is now, and note the event if it is another than before."""
    if before is None or _changing(before) != _changing(after):
        shown = (None if before is None else _shown(before), _shown(after))
        await events.note(tx, caller, events.UNIT_CHANGED, "unit", after.id, *shown)
    return after


def _changing(unit: Unit) -> tuple[object, ...]:
    """Return what makes a unit another one: not what it has given, nor when it was heard of."""
    return unit.settings, unit.round_number, unit.object_uuid, unit.pairings


def _shown(unit: Unit) -> dict[str, Any]:
    """Say what a unit is, for its event. Usernames are counted: they are erased elsewhere."""
    settings = unit.settings
    return {
        "kind": unit.kind,
        "name": settings.name,
        "credit": settings.credit,
        "texture": settings.texture,
        "groupOnly": settings.group_only,
        "transferable": settings.transferable,
        "startsAt": _written(settings.starts_at),
        "endsAt": _written(settings.ends_at),
        "maxCards": settings.max_cards,
        "maxCardsADay": settings.max_cards_a_day,
        "maxCredit": settings.max_credit,
        "minAccountDays": settings.min_account_days,
        "usernameCount": len(settings.usernames),
        "paused": settings.paused,
        "round": unit.round_number,
        "objectUuid": unit.object_uuid,
        "objectOwnerUuid": unit.object_owner_uuid,
        "pairedAt": _written(unit.paired_at),
    }


def _written(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _found(row: Sequence[Any] | None, unit_id: str) -> Unit:
    if row is None:
        raise UnitNotFound(unit_id)
    return Unit.from_row(row)


def _columns(settings: UnitSettings) -> dict[str, Any]:
    """Return the settings as the statements take them."""
    names = msgspec.json.encode(settings.usernames).decode()
    return structs.asdict(settings) | {"usernames": names}


def _checked(settings: UnitSettings) -> UnitSettings:
    """Return the settings with normalised usernames; raise ``ValidationFailed`` for any bad one."""
    if errors := complaints(settings):
        raise ValidationFailed(errors)
    return structs.replace(settings, usernames=_normalised(settings.usernames)[0])


def complaints(settings: UnitSettings) -> dict[str, list[str]]:
    """Say what is wrong with those settings that no unit can have."""
    errors: dict[str, list[str]] = {}
    name, starts_at, ends_at = settings.name, settings.starts_at, settings.ends_at
    if not texts.fits_name(name, *NAME_LENGTHS):
        errors["name"] = [texts.wanted_name(*NAME_LENGTHS)]
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        errors["ends_at"] = ["must be after the start"]
    for field, most in (
        ("credit", MAX_CREDIT),
        ("max_cards", MAX_CREDIT),
        ("max_cards_a_day", MAX_CREDIT),
        ("max_credit", MAX_CREDIT),
        ("min_account_days", MAX_ACCOUNT_DAYS),
    ):
        value = getattr(settings, field)
        if value is not None and not 1 <= value <= most:
            errors[field] = [f"must be from 1 to {most}"]
    _, complaint = _normalised(settings.usernames)
    if complaint:
        errors["usernames"] = [complaint]
    return errors


def _normalised(usernames: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return usernames in their order, each once; and what is wrong with them, if anything is."""
    if len(usernames) > MAX_NAMES:
        return (), f"must be at most {MAX_NAMES}"
    try:
        return tuple(sorted({parse_username(name) for name in usernames})), ""
    except IdentifierMalformed:
        return (), "must be usernames like kelly.moonwall"
