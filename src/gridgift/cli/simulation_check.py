"""Whether a simulation has lost or doubled a L$: what its objects know, and what the store has."""

from collections.abc import Sequence

from msgspec import Struct

from gridgift.cli.simulation import Payment, Simulation
from gridgift.domain import ledger, purchases, refunds, units
from gridgift.domain.units import Unit
from gridgift.storage.database import Tx


class Given(Struct, frozen=True):
    """What units have given until now: cards of delivery units, and L$ in those of vendors."""

    cards: int
    sold: int


class Check(Struct, frozen=True):
    """What the store has given in a simulation; ``wrong`` are sentences, none if all is right."""

    cards: int  # by delivery units
    sold: int  # L$, in cards for payments
    wrong: list[str]


async def given(tx: Tx, found: Sequence[Unit]) -> Given:
    """Return what units have given until now."""
    now = [await units.read(tx, unit.store_id, unit.id) for unit in found]
    return Given(
        sum(unit.cards for unit in now if unit.kind == "delivery"),
        sum(unit.granted for unit in now if unit.kind == "vendor"),
    )


async def check(tx: Tx, found: Sequence[Unit], before: Given, simulation: Simulation) -> Check:
    """Compare each payment with the store's decision and ledger, and the sums with each other."""
    now, store_id = await given(tx, found), found[0].store_id
    cards, sold = now.cards - before.cards, now.sold - before.sold
    wrong = [await _wrong_with(tx, store_id, payment) for payment in simulation.payments]
    paid, back = sum(simulation.paid()), sum(simulation.paid("refund"))
    if paid != sold + back:
        wrong.append(f"L${paid} were paid, L${sold} are in cards, and L${back} went back.")
    if simulation.told > cards:
        wrong.append(f"{simulation.told} residents were told of a card, and there are {cards}.")
    return Check(cards, sold, [sentence for sentence in wrong if sentence])


async def _wrong_with(tx: Tx, store_id: str, payment: Payment) -> str:
    """Say what is wrong with a payment, if anything is: it is a card or a refund, and not both."""
    sale = await purchases.read(tx, store_id, payment.unit_id, payment.nonce)
    what = f"The payment {payment.nonce} of L${payment.amount}"
    if sale is None:
        return f"{what} never reached the store."
    if not payment.outcome:
        return f"{what} is decided at the store, and the vendor was not told."
    if sale.card_id is None:
        return await _wrong_with_refund(tx, store_id, payment, what)
    if payment.outcome == "refund":
        return f"{what} has a card, and went back too."
    first, *_ = await ledger.entries(tx, store_id, "card", sale.card_id)
    if first.delta != payment.amount:
        return f"{what} has a card that was granted with L${first.delta}."
    return ""


async def _wrong_with_refund(tx: Tx, store_id: str, payment: Payment, what: str) -> str:
    if payment.outcome != "refund":
        return f"{what} has no card, and did not go back."
    known = await refunds.read(tx, store_id, payment.unit_id, payment.nonce)
    return "" if known.refunded_at else f"{what} went back, and the store was not told."
