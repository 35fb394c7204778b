"""A plain model of cards and store credit: what the machines compare the real thing with.

It knows no SQL, no ledger and no locks: dictionaries, sums and the rules as the contract has them.
"""

from dataclasses import dataclass, field

from gridgift.domain import failures
from gridgift.domain.failures import Failure
from gridgift.domain.model import MAX_CREDIT


@dataclass
class ModelHold:
    """A reservation."""

    amount: int
    expires_at: int
    state: str = "open"

    def open_at(self, now: int) -> bool:
        """Tell whether it reserves anything."""
        return self.state == "open" and self.expires_at > now


@dataclass
class ModelCard:
    """A card, and the kinds of its entries."""

    owner: str
    credit: int
    transfer: bool = False
    expires_at: int | None = None
    texture: str | None = None
    active: bool = True
    redeemed: bool = False
    noted: bool = False
    holds: dict[str, ModelHold] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)

    def held(self, now: int) -> int:
        """Sum what is reserved."""
        return sum(hold.amount for hold in self.holds.values() if hold.open_at(now))

    def expired(self, now: int) -> bool:
        """Tell whether its date is over."""
        return self.expires_at is not None and self.expires_at <= now

    def usable(self, now: int) -> bool:
        """Tell whether something can be reserved on it."""
        return self.active and not self.redeemed and not self.expired(now) and self.credit > 0

    def why_not(self, now: int) -> type[Failure] | None:
        """Say why its owner can neither redeem it nor pass it on."""
        if self.redeemed:
            return failures.GiftCardRedeemed
        if not self.active:
            return failures.GiftCardInactive
        if self.expired(now):
            return failures.GiftCardExpired
        return failures.GiftCardHeld if self.held(now) else None

    def change(self, **fields: object) -> None:
        """Set fields, and note the kind of entry that this makes: none if nothing changes."""
        changed = {name for name, value in fields.items() if getattr(self, name) != value}
        for name, value in fields.items():
            setattr(self, name, value)
        if "expires_at" in changed:
            self.noted = False
        if changed == {"active"}:
            self.kinds.append("enabled" if self.active else "disabled")
        elif changed:
            self.kinds.append("updated")


@dataclass
class ModelLot:
    """Credit of one origin."""

    remaining: int
    expires_at: int | None
    restricted: bool
    number: int
    id: str

    def open_at(self, now: int) -> bool:
        """Tell whether it can be spent."""
        return self.remaining > 0 and (self.expires_at is None or self.expires_at > now)

    def order(self) -> tuple[bool, int, bool, int]:
        """Sort soonest first, undated last, restricted before free, older before newer."""
        return self.expires_at is None, self.expires_at or 0, not self.restricted, self.number


@dataclass
class ModelSpend:
    """What was spent: from which lots, and how much of each is not yet given back."""

    amount: int
    taken: list[tuple[ModelLot, int]]
    refunded: int = 0


@dataclass
class ModelAccount:
    """A customer's credit, and the kinds of its entries."""

    lots: list[ModelLot] = field(default_factory=list)
    spends: dict[str, ModelSpend] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)

    def open_lots(self, now: int) -> list[ModelLot]:
        """Return what can be spent, in order."""
        return sorted((lot for lot in self.lots if lot.open_at(now)), key=ModelLot.order)

    def balance(self, now: int) -> int:
        """Sum what is open."""
        return sum(lot.remaining for lot in self.open_lots(now))

    def settle(self, now: int) -> None:
        """Let go of what has expired."""
        gone = [lot for lot in self.lots if lot.remaining and not lot.open_at(now)]
        for lot in gone:
            lot.remaining = 0
        if gone:
            self.kinds.append("credit_expired")

    def deposit(
        self,
        lot_id: str,
        amount: int,
        expires_at: int | None,
        restricted: bool,
        kind: str,
        now: int,
    ) -> type[Failure] | None:
        """Add a lot, or say why not."""
        if self.balance(now) + amount > MAX_CREDIT:
            return failures.CreditLimitExceeded
        self.settle(now)
        self.lots.append(ModelLot(amount, expires_at, restricted, len(self.lots), lot_id))
        self.kinds.append(kind)
        return None

    def spend(self, spend_id: str, amount: int, restricted: bool, now: int) -> int | None:
        """Take from the lots; return what there is if that is not enough."""
        usable = [lot for lot in self.open_lots(now) if restricted or not lot.restricted]
        available = sum(lot.remaining for lot in usable)
        if amount > available:
            return available
        self.settle(now)
        spend = self.spends[spend_id] = ModelSpend(amount, [])
        for lot in usable:
            part = min(amount, lot.remaining)
            if part:
                lot.remaining -= part
                amount -= part
                spend.taken.append((lot, part))
        self.kinds.append("credit_spent")
        return None

    def refund(self, spend_id: str, amount: int, now: int) -> type[Failure] | None:
        """Give back, the last taken first; or say why not."""
        spend = self.spends[spend_id]
        if spend.refunded + amount > spend.amount:
            return failures.RefundExceedsSpend
        if self.balance(now) + amount > MAX_CREDIT:
            return failures.CreditLimitExceeded
        self.settle(now)
        spend.refunded += amount
        self.kinds.append("credit_refunded")
        while amount:
            lot, taken = spend.taken.pop()
            part = min(amount, taken)
            lot.remaining += part
            amount -= part
            if taken > part:
                spend.taken.append((lot, taken - part))
        self.settle(now)
        return None
