"""Purchases: a resident pays a vendor, which sells a card for it (contract section 9).

The L$ have changed hands in Second Life already. So each payment is decided once and for ever: by a
card, or by a refund, which is an outcome like the other and is kept like it. It is told again to
whoever asks with the same nonce, however late.
"""

from typing import Final

from msgspec import UNSET, Struct

from gridgift.domain import claims, events, grants, naming, refunds, residents, stores, units
from gridgift.domain.claims import Counted
from gridgift.domain.days import day_of
from gridgift.domain.failures import ReceiverNotFound, ResidentNotFound
from gridgift.domain.grants import GrantRequest
from gridgift.domain.model import Caller, Resident
from gridgift.domain.residents import Identifier
from gridgift.domain.unit_failures import (
    NotOpen,
    PaymentDiffers,
    UnitExhausted,
    UnitExhaustedToday,
    UnitPaused,
)
from gridgift.domain.units import Unit
from gridgift.storage.database import Tx

REASONS: Final = (NotOpen, UnitPaused, UnitExhausted, UnitExhaustedToday)  # that a unit itself has


class Payment(Struct, frozen=True):
    """A payment as a vendor's object tells of it.

    ``nonce`` and ``digest`` are those of the request; ``amount`` is in L$, ``paid_at`` in
    milliseconds; the card is for ``receiver`` (None: for who paid).
    """

    nonce: str
    digest: bytes
    payer: Resident
    amount: int
    paid_at: int
    receiver: Identifier | None = None


class Sale(Struct, frozen=True):
    """What became of a payment: the card that was sold, or else why it is to be refunded."""

    amount: int
    card_id: str | None
    refund: str | None


async def sell(
    tx: Tx, caller: Caller, unit_id: str, payment: Payment, card_id: str, refund: str | None = None
) -> Sale:
    """Sell a card for a payment, or note why it is to be refunded; what was decided stays.

    ``refund`` is a reason of the caller's own. Raises ``UnitNotFound``, ``ReceiverNotFound`` and,
    for another payment with the same nonce, ``PaymentDiffers``.
    """
    unit = await units.lock(tx, caller.store_id, unit_id)
    key = _key(unit.store_id, unit.id, payment.nonce)
    row = await tx.one("purchase_by_nonce", **key)
    if row is not None:
        digest, *decided = row
        if digest != payment.digest:
            raise PaymentDiffers
        return Sale(*decided)
    await naming.note_touch(tx, unit.store_id, payment.payer)
    refund = refund or await _grant(tx, caller, unit, payment, card_id)
    sale = Sale(payment.amount, None if refund else card_id, refund)
    await tx.run(
        "purchase_add",
        **key,
        digest=payment.digest,
        payer_uuid=payment.payer.uuid,
        amount=payment.amount,
        paid_at=payment.paid_at,
        card_id=sale.card_id,
        refund=sale.refund,
        now=tx.now(),
    )
    if sale.refund is not None:
        owed = await refunds.read(tx, unit.store_id, unit.id, payment.nonce)
        await refunds.note(tx, caller, events.REFUND_OWED, unit.settings.name, owed)
    return sale


async def read(tx: Tx, store_id: str, unit_id: str, nonce: str) -> Sale | None:
    """Return what became of a payment to a vendor; None if it was never told of one."""
    row = await tx.one("purchase_by_nonce", **_key(store_id, unit_id, nonce))
    return None if row is None else Sale(*row[1:])


def _key(store_id: str, unit_id: str, nonce: str) -> dict[str, str]:
    return {"store_id": store_id, "unit_id": unit_id, "nonce": nonce}


async def _grant(tx: Tx, caller: Caller, unit: Unit, payment: Payment, card_id: str) -> str | None:
    """Grant the card that was paid for, within the unit's bounds; return why not, or None."""
    store, now = await stores.read(tx, unit.store_id), tx.now()
    today = day_of(now, store.time_zone).toordinal()
    counted = Counted.after(unit, today, payment.amount)
    try:
        claims.check_unit(unit, counted, now)
    except REASONS as failure:
        return failure.code
    owner = payment.payer
    if payment.receiver is not None:
        owner = await _find(tx, unit.store_id, payment.receiver)
    announce = False if payment.receiver is None else UNSET  # a friend is not there
    terms = claims.terms_of(unit, store, payment.amount, purchased=True, announce=announce)
    await grants.grant(tx, GrantRequest(caller, Identifier(uuid=owner.uuid), terms, card_id))
    await claims.count(tx, caller, unit, counted)
    return None


async def _find(tx: Tx, store_id: str, receiver: Identifier) -> Resident:
    try:
        return await residents.find(tx, store_id, receiver)
    except ResidentNotFound as failure:
        raise ReceiverNotFound(failure.identifier) from failure
