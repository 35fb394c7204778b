"""The guard of objects in Second Life: the signature of a paired unit (contract section 9).

Nothing in the headers that Second Life adds authenticates anybody: anyone can send them. They only
keep honest mistakes out, such as a copied object or a test grid.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from msgspec import Struct

from gridgift.domain import announcements, units
from gridgift.domain.failures import Failure, IdempotencyKeyReused
from gridgift.domain.idempotency import IdempotencyKey, Once, Run
from gridgift.domain.ids import NIL_UUID, parse_uuid
from gridgift.domain.instants import SECOND
from gridgift.domain.unit_failures import UnitNotFound
from gridgift.domain.units import UnitKind
from gridgift.http.edge.answers import sent
from gridgift.http.edge.guards import SecurityScheme
from gridgift.http.edge.limits import UNHEARD, check_failures, count, count_failure
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.refusals import (
    NonceInvalid,
    NonceReused,
    ObjectNotPaired,
    RateLimited,
    ShardRefused,
    SignatureInvalid,
    TimeInvalid,
    UnitKindRefused,
    UnitNotPaired,
    UnitUnknown,
)
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.request import Request
from gridgift.inworld.protocol import signature
from gridgift.limits import UNIT, Bucket
from gridgift.storage.database import Operation, P, T, Tx

Q = TypeVar("Q")
B = TypeVar("B")
V = TypeVar("V")

MAX_SKEW: Final = 300  # seconds between the object's clock and the server's
MAIN_GRID: Final = b"Production"

_TIME: Final = re.compile(rb"[1-9][0-9]{0,11}")


class UnitPrincipal(Principal, frozen=True, kw_only=True):
    """A unit, as the database has it; ``is_remembered``: as it had it a few seconds ago."""

    unit: units.Unit
    is_remembered: bool = False


UnitRequest = Request[UnitPrincipal, Q, B]


class Unit(Struct, frozen=True):
    """Admits what the paired object of a unit of a kind has signed.

    The unit's requests are counted once the signature is known to be right, so that nobody else
    uses its limit up.
    """

    kind: UnitKind

    refusals: ClassVar[tuple[type[Failure], ...]] = (
        UnitUnknown, UnitNotPaired, SignatureInvalid, TimeInvalid, ShardRefused, ObjectNotPaired,
        UnitKindRefused, NonceInvalid, NonceReused, RateLimited,
    )  # fmt: skip
    scheme: ClassVar[SecurityScheme | None] = SecurityScheme(
        "Unit",
        "X-GC-Sig",
        "Base64 of HMAC-SHA256, with the secret from `POST /inworld/v1/pair`, over `X-GC-Time`, "
        "`X-GC-Nonce`, the path and the body, joined by line feeds. `X-GC-Unit` names the unit.",
    )
    cors: ClassVar[tuple[str, ...]] = ()
    keyed: ClassVar[bool] = False

    @property
    def note(self) -> str:
        """Name the kind."""
        return f"For units of the kind `{self.kind}`."

    def describe(self) -> Mapping[str, Any]:
        """Tell that a signature is needed."""
        return {"security": [{"Unit": []}], "x-unit": self.kind}

    async def admit(self, request: Request[Any, Any, Any]) -> UnitPrincipal:
        """Return the unit that the request names; whether it sent it, ``verify`` finds out.

        From an address that has failed too often, what was heard of is remembered for a moment, and
        look-ups of other units are limited, loosely: strangers share the address of a simulator.
        Raises ``RateLimited`` beyond that.
        """
        try:
            check_failures(request)
        except RateLimited:
            heard = _heard(request)
            if heard is None:
                await count_failure(request, UNHEARD)
            elif heard.is_remembered:
                return heard
        return await _named(request)

    def authorise(self, principal: UnitPrincipal) -> None:
        """Let every unit pass: only what is signed is believed."""

    async def verify(self, request: Request[Any, Any, Any]) -> None:
        """Raise what is wrong, in the order of the contract: the signature first."""
        _check_signature(request, request.principal.unit)
        if request.principal.is_remembered:  # the look-up that was put off
            request.principal = await _named(request)
            _check_signature(request, request.principal.unit)
        unit = request.principal.unit
        request.services.credentials.heard.note(unit, request.services.ticks())
        _check_place(request, unit)
        if unit.kind != self.kind:
            raise UnitKindRefused(self.kind)
        nonce_of(request)
        await count(request, _bucket(unit), [])

    async def readmit(self, tx: Tx, principal: UnitPrincipal) -> None:
        """Raise ``UnitNotPaired`` if the object has been revoked, or another one paired."""
        now = await units.read(tx, principal.store_id, principal.unit.id)
        if now.object_uuid is None or now.pairings != principal.unit.pairings:
            raise UnitNotPaired


class Pairing(Struct, frozen=True):
    """Admits an object that says which unit it will be; the code in its body is looked at later."""

    refusals: ClassVar[tuple[type[Failure], ...]] = (UnitUnknown, ShardRefused, RateLimited)
    scheme: ClassVar[SecurityScheme | None] = SecurityScheme(
        "UnitId", "X-GC-Unit", "The unit's id; nothing is signed yet."
    )
    cors: ClassVar[tuple[str, ...]] = ()
    keyed: ClassVar[bool] = False
    note: ClassVar[str] = ""

    def describe(self) -> Mapping[str, Any]:
        """Tell that the unit's id is needed."""
        return {"security": [{"UnitId": []}]}

    async def admit(self, request: Request[Any, Any, Any]) -> UnitPrincipal:
        """Return the unit that the request names.

        Raises ``RateLimited`` where an address has failed too often, whatever the code.
        """
        check_failures(request)
        return await _named(request)

    def authorise(self, principal: UnitPrincipal) -> None:
        """Let every unit pass."""

    async def verify(self, request: Request[Any, Any, Any]) -> None:
        """Raise ``ShardRefused`` on a test grid."""
        _check_grid(request)

    async def readmit(self, tx: Tx, principal: UnitPrincipal) -> None:
        """Let every unit pass."""


async def once(
    request: Request[UnitPrincipal, Any, Any],
    show: Callable[[T], Reply[V]],
    operation: Operation[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Reply[V]:
    """Run a write once under the request's nonce, and answer with what ``show`` makes of it.

    The answer is stored in the same transaction, and sent again to the same path and body. Raises
    ``NonceReused`` for another request.
    """
    unit = request.principal.unit

    async def run(tx: Tx) -> T:
        await units.note_heard(tx, unit)
        result = await operation(tx, *args, **kwargs)
        await _note_language(tx, request)
        return result

    name, is_kept = request.principal.own_key(nonce_of(request)), not request.trusts_age()
    key = IdempotencyKey(name, digest(request), is_kept=is_kept)
    wanted: Once[Run[T], T] = Once(run, key, lambda result: show(result).pack(), request.check)
    operations = request.services.operations.of(_bucket(unit), unit.store_id)
    try:
        return sent(await operations.once(unit.store_id, wanted))
    except IdempotencyKeyReused:
        raise NonceReused from None


async def write(
    request: Request[UnitPrincipal, Any, Any],
    operation: Operation[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a write that keeps the request's nonce itself, or may well be done twice."""
    unit = request.principal.unit

    async def run(tx: Tx) -> T:
        await request.check(tx)
        await units.note_heard(tx, unit)
        result = await operation(tx, *args, **kwargs)
        await _note_language(tx, request)
        return result

    return await request.services.operations.of(_bucket(unit), unit.store_id).write(run)


async def _note_language(tx: Tx, request: Request[UnitPrincipal, Any, Any]) -> None:
    """Note in which language the object has seen a resident, if it says so."""
    avatar, language = (getattr(request.body, name, "") for name in ("avatar", "lang"))
    if avatar and language:
        tag = language[:2].lower()
        await announcements.note_language(tx, request.store_id, avatar.lower(), tag)


def digest(request: Request[Any, Any, Any]) -> bytes:
    """Return what tells a request from another one with the same nonce."""
    return hashlib.sha256(_path(request) + b"\n" + request.raw_body).digest()


async def _named(request: Request[Any, Any, Any]) -> UnitPrincipal:
    """Find the unit that a request names. Raises ``UnitUnknown``."""
    unit_id = _unit_id(request)
    if unit_id is None:
        raise UnitUnknown
    try:
        unit = await request.services.operations.read(units.find, unit_id)
    except UnitNotFound:
        raise UnitUnknown from None
    return _principal(unit)


def _heard(request: Request[Any, Any, Any]) -> UnitPrincipal | None:
    """Return the unit that a request names as it is remembered, if something was heard of it.

    One that is not ``is_remembered`` is to be looked up again, once for however many ask: another
    server may have paired another object with it.
    """
    heard, tick = request.services.credentials.heard, request.services.ticks()
    found = heard.recall(_unit_id(request) or "")
    if found is None:
        return None
    is_fresh = found.until >= tick
    if not is_fresh:
        heard.note(found.unit, tick)
    return _principal(found.unit, is_remembered=is_fresh)


def _unit_id(request: Request[Any, Any, Any]) -> str | None:
    return parse_uuid(request.headers.get(b"x-gc-unit", b"").decode("latin-1"))


def _principal(unit: units.Unit, *, is_remembered: bool = False) -> UnitPrincipal:
    return UnitPrincipal(
        store_id=unit.store_id,
        actor_kind="unit",
        actor_id=unit.id,
        log_fields={"store": unit.store_id, "unit": unit.id},
        unit=unit,
        is_remembered=is_remembered,
    )


def _check_signature(request: Request[Any, Any, Any], unit: units.Unit) -> None:
    if unit.object_uuid is None:
        raise UnitNotPaired
    secret = request.services.credentials.unit_secret(unit)
    time, nonce, given = (
        request.headers.get(name, b"") for name in (b"x-gc-time", b"x-gc-nonce", b"x-gc-sig")
    )
    expected = signature(secret, time, nonce, _path(request), request.raw_body)
    if not hmac.compare_digest(expected, given):
        raise SignatureInvalid
    now = request.services.clock() // SECOND
    if not _TIME.fullmatch(time) or abs(int(time) - now) > MAX_SKEW:
        raise TimeInvalid(MAX_SKEW)


def _check_place(request: Request[Any, Any, Any], unit: units.Unit) -> None:
    """Raise what is wrong with where the object is, which one it is, and whose.

    An object that was sold where it stands keeps its key and its secret.
    """
    _check_grid(request)
    paired = {b"x-secondlife-object-key": unit.object_uuid,
              b"x-secondlife-owner-key": unit.object_owner_uuid}  # fmt: skip
    for name, uuid in paired.items():
        if request.headers.get(name, b"").decode("latin-1").lower() != uuid:
            raise ObjectNotPaired


def _check_grid(request: Request[Any, Any, Any]) -> None:
    if request.headers.get(b"x-secondlife-shard") != MAIN_GRID:
        raise ShardRefused


def nonce_of(request: Request[Any, Any, Any]) -> str:
    """Return the nonce of a request; the all-zero UUID is none. Raises ``NonceInvalid``."""
    nonce = parse_uuid(request.headers.get(b"x-gc-nonce", b"").decode("latin-1"))
    if nonce is None or nonce == NIL_UUID:
        raise NonceInvalid
    return nonce


def time_of(request: Request[Any, Any, Any]) -> int:
    """Return when a request was sent, by its object's clock, in Unix seconds: it was verified."""
    return int(request.headers[b"x-gc-time"])


def _path(request: Request[Any, Any, Any]) -> bytes:
    path: str = request.scope["path"]
    return path.encode()


def _bucket(unit: units.Unit) -> Bucket:
    return Bucket(UNIT, unit.id)
