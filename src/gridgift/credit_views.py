"""What is shown of store credit: a customer's, and what a change of it did. Money is L$."""

from typing import Annotated, Any, Final, Self

from msgspec import Meta, Struct, structs

from gridgift.domain.credit import Credit, CreditChange
from gridgift.domain.instants import format_instant
from gridgift.domain.ledger import read_credit_state
from gridgift.domain.model import Entry
from gridgift.fields import Credit as CardCredit
from gridgift.fields import Instant, Uuid, written
from gridgift.views import EntryResponse

LOT_EXAMPLE: Final[dict[str, Any]] = {
    "amount": 500,
    "expiresAt": "2027-11-22T00:00:00Z",
    "restricted": False,
}
CREDIT_EXAMPLE: Final[dict[str, Any]] = {
    "total": 750,
    "restricted": 0,
    "lots": [{"id": "019aad3e-4444-7555-8666-777788889999"} | LOT_EXAMPLE],
}
CREDIT_CHANGE_EXAMPLE: Final[dict[str, Any]] = CREDIT_EXAMPLE | {
    "id": "019aad3e-3333-7444-8555-666677778888",
    "amount": 500,
}


class LotResponse(Struct, frozen=True, rename="camel"):
    """Credit that expires: open and dated."""

    amount: CardCredit
    expires_at: Instant
    restricted: bool


class OpenLotResponse(Struct, frozen=True, rename="camel"):
    """Credit that expires, as the store sees it: with the id by which it can be extended."""

    id: Uuid
    amount: CardCredit
    expires_at: Instant
    restricted: bool


class CreditResponse(Struct, frozen=True):
    """A customer's store credit; what has no date is in a sum and in no lot."""

    total: Annotated[int, Meta(description="Free to spend on anything, in L$.")]
    restricted: Annotated[int, Meta(description="Kept apart for purchases that allow it, in L$.")]
    lots: list[OpenLotResponse]

    @classmethod
    def of(cls, credit: Credit) -> Self:
        """Show a customer's credit."""
        return cls(credit.total, credit.restricted, open_lots_of(credit))


class CreditChangeResponse(Struct, frozen=True):
    """What was done, by its id, and the credit after it."""

    id: Annotated[Uuid, Meta(description="The id of the lot, the spend or the move.")]
    amount: CardCredit
    total: int
    restricted: int
    lots: list[OpenLotResponse]

    @classmethod
    def of(cls, change: CreditChange) -> Self:
        """Show a change of an account."""
        after = change.credit
        return cls(change.id, change.amount, after.total, after.restricted, open_lots_of(after))


def open_lots_of(credit: Credit) -> list[OpenLotResponse]:
    """Show the dated lots with their ids, soonest expiry first."""
    return [
        OpenLotResponse(lot.id, lot.remaining, format_instant(lot.expires_at), lot.restricted)
        for lot in credit.lots
        if lot.expires_at is not None
    ]


def lots_of(credit: Credit) -> list[LotResponse]:
    """Show the dated lots, soonest expiry first."""
    return [
        LotResponse(lot.remaining, format_instant(lot.expires_at), lot.restricted)
        for lot in credit.lots
        if lot.expires_at is not None
    ]


def credit_entry(entry: Entry) -> EntryResponse:
    """Show an entry of store credit: each lot with its terms, where the entry states them."""
    stored = read_credit_state(entry.state)
    lots: list[dict[str, Any]] = []
    for lot_id, delta in stored.lots:
        shown: dict[str, Any] = {"lot": lot_id, "delta": delta}
        if lot_id in stored.terms:
            terms = stored.terms[lot_id]
            shown |= {"expiresAt": written(terms.expires_at), "restricted": terms.restricted}
        lots.append(shown)
    state: dict[str, Any] = {"lots": lots, "reference": stored.reference}
    for name in ("spend", "move", "other"):
        if (named := getattr(stored, name)) is not None:
            state[name] = named
    return structs.replace(EntryResponse.of(entry), state=state)
