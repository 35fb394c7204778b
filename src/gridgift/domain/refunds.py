"""Refunds: payments to a vendor for which nothing was sold, until they went back (section 9).

The L$ go back in Second Life, where the server sees nothing of it: the vendor's object gives them
back, or somebody of the store does. So that they go back once, the object asks before it pays, and
while it may be paying, nobody can mark the refund as paid.
"""

from collections.abc import Callable
from typing import Any, Final, Literal, get_args

from msgspec import Struct

from gridgift.domain import events, texts, units
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.instants import SECOND, format_instant
from gridgift.domain.model import ActorKind, Caller
from gridgift.domain.paging import Page, Position, read_page
from gridgift.domain.unit_failures import RefundAlreadyPaid, RefundNotFound, RefundUnderWay
from gridgift.domain.units import Unit
from gridgift.storage.database import Tx
from gridgift.storage.listing import FAR, REFUNDS_OF_STORE, REFUNDS_OF_UNIT, REFUNDS_OWED

RefundState = Literal["owed", "paid"]

STATES: Final[tuple[RefundState, ...]] = get_args(RefundState)
KEY_TYPES: Final = REFUNDS_OF_STORE.types()
KEY_TYPES_OF_UNIT: Final = REFUNDS_OF_UNIT.types()
UNDER_WAY: Final = 600 * SECOND  # since an object asked: it pays within one minute, or not at all


class Refund(Struct, frozen=True):
    """A payment for which nothing was sold: of whom, how much (L$), and a code of why.

    ``id`` is the payment's nonce. The resident paid at ``paid_at``, and nothing was sold at
    ``created_at``; the vendor's object last asked at ``begun_at`` whether it may give the L$ back,
    and they went back by ``refunded_at`` (milliseconds), as the actor ``refunded_by`` says.
    """

    unit_id: str
    id: str
    payer_uuid: str
    payer_username: str
    amount: int
    reason: str
    paid_at: int
    created_at: int
    begun_at: int | None
    refunded_at: int | None
    refunded_by_kind: ActorKind | None
    refunded_by: str | None
    note: str

    @property
    def state(self) -> RefundState:
        """Whether it is still to go back."""
        return "owed" if self.refunded_at is None else "paid"

    def under_way(self, now: int) -> bool:
        """Tell whether the vendor's object may be giving it back at this moment."""
        begun = self.begun_at is not None and now < self.begun_at + UNDER_WAY
        return begun and self.refunded_at is None


class Owed(Struct, frozen=True):
    """How many refunds a store owes, and how much they are together (L$)."""

    count: int
    amount: int


async def list_of(
    tx: Tx, store_id: str, state: RefundState | None, position: Position, limit: int
) -> Page[Refund]:
    """Return a page of at most ``limit`` refunds of a store's vendors, newest first."""
    owed = state == "owed"
    return await read_page(
        tx, REFUNDS_OWED if owed else REFUNDS_OF_STORE, position, limit, Refund,
        lambda refund: (refund.created_at, refund.unit_id, refund.id),
        descending=True, store_id=store_id, **({} if owed else _in_state(state)),
    )  # fmt: skip


async def list_of_unit(
    tx: Tx, store_id: str, unit_id: str, state: RefundState | None, position: Position, limit: int
) -> Page[Refund]:
    """Return a page of at most ``limit`` refunds of a vendor, newest first.

    Raises ``UnitNotFound``.
    """
    await units.read(tx, store_id, unit_id)
    return await read_page(
        tx, REFUNDS_OF_UNIT, position, limit, Refund,
        lambda refund: (refund.created_at, refund.id),
        descending=True, store_id=store_id, unit_id=unit_id, **_in_state(state),
    )  # fmt: skip


async def owed(tx: Tx, store_id: str) -> Owed:
    """Add up what a store owes to those who have paid for nothing."""
    row = await tx.one("refunds_owed_sum", store_id=store_id)
    assert row is not None
    return Owed(*row)


async def begin(tx: Tx, caller: Caller, refund_id: str) -> Refund:
    """Let the vendor that calls give a payment back, now; it may ask again.

    Raises ``RefundNotFound``, ``RefundAlreadyPaid``.
    """
    place = (caller.store_id, caller.actor_id, refund_id)
    begun = await tx.run("refund_begin", **_named(*place), now=tx.now())
    refund = await read(tx, *place)
    if not begun:
        raise RefundAlreadyPaid(refund_id)
    return refund


async def note_paid(tx: Tx, caller: Caller, refund_id: str) -> Refund:
    """Note that a payment went back, as the vendor that calls says.

    Raises ``RefundNotFound``, ``RefundAlreadyPaid``.
    """
    unit = await units.read(tx, caller.store_id, caller.actor_id)
    return await _end(tx, caller, unit, refund_id, "", begun_by=FAR)


async def mark_paid(tx: Tx, caller: Caller, unit_id: str, refund_id: str, note: str = "") -> Refund:
    """Note that somebody of the store gave a payment back: from then on the vendor does not.

    Raises ``ValidationFailed``, ``UnitNotFound``, ``RefundNotFound``, ``RefundAlreadyPaid``, and
    ``RefundUnderWay`` while the vendor may be giving it back.
    """
    if not texts.fits(note, 0, texts.MAX_NOTE):
        raise ValidationFailed({"note": [texts.wanted(0, texts.MAX_NOTE)]})
    unit = await units.read(tx, caller.store_id, unit_id)
    return await _end(tx, caller, unit, refund_id, note, begun_by=tx.now() - UNDER_WAY)


async def rewrite_notes(tx: Tx, store_id: str, rewrite: Callable[[str], str]) -> None:
    """Write the notes on a store's refunds as ``rewrite`` has them."""
    changed = [
        (new, *place)
        for text, *place in await tx.all("refunds_noted", store_id=store_id)
        if (new := rewrite(text)) != text
    ]
    if changed:
        await tx.many("refund_note_change", changed)


async def note(tx: Tx, caller: Caller, event: str, name: str, refund: Refund) -> None:
    """Note an event of a refund; ``name`` is the vendor's."""
    shown = {
        "name": name,
        "amount": refund.amount,
        "reason": refund.reason,
        "payerUuid": refund.payer_uuid,
        "payment": refund.id,
        "paidAt": format_instant(refund.paid_at),
    }
    await events.note(tx, caller, event, "unit", refund.unit_id, None, shown)


async def read(tx: Tx, store_id: str, unit_id: str, refund_id: str) -> Refund:
    """Return one refund of a vendor. Raises ``RefundNotFound``."""
    row = await tx.one("refund_by_id", store_id=store_id, unit_id=unit_id, nonce=refund_id)
    if row is None:
        raise RefundNotFound(refund_id)
    return Refund(*row)


async def _end(
    tx: Tx, caller: Caller, unit: Unit, refund_id: str, written: str, *, begun_by: int
) -> Refund:
    """Note that a refund was paid, unless it was, or was begun later; of two at once one does."""
    place, now = (caller.store_id, unit.id, refund_id), tx.now()
    ended = await tx.run(
        "refund_end",
        **_named(*place),
        actor_kind=caller.actor_kind,
        actor_id=caller.actor_id,
        note=written,
        begun_by=begun_by,
        now=now,
    )
    refund = await read(tx, *place)
    if ended:
        await note(tx, caller, events.REFUND_PAID, unit.settings.name, refund)
        return refund
    if refund.refunded_at is not None or refund.begun_at is None:
        raise RefundAlreadyPaid(refund_id)
    raise RefundUnderWay(refund_id, refund.begun_at + UNDER_WAY - now)


def _in_state(state: RefundState | None) -> dict[str, Any]:
    """Return what a listing is asked for: refunds in a state, or all."""
    return {} if state is None else {"filters": ["refund_state"], "owed": state == "owed"}


def _named(store_id: str, unit_id: str, refund_id: str) -> dict[str, str]:
    return {"store_id": store_id, "unit_id": unit_id, "nonce": refund_id}
