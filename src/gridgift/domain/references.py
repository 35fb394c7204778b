"""References: under each of a store's own, one card is granted, however often it is asked for.

The same request once more is answered with the card that was granted; any other is refused. What
was asked for is what the first entry of the card's chain says (contract section 10).
"""

from collections.abc import Sequence

from msgspec import UNSET, Struct, structs

from gridgift.domain.failures import ReferenceTaken
from gridgift.domain.giftcards import Terms
from gridgift.domain.ledger import read_card_state
from gridgift.domain.model import NO_LABELS, Resident
from gridgift.storage.database import Tx


class Repeat(Struct, frozen=True):
    """A request that was granted before: as this card, or (None) to another one of its batch."""

    reference: str
    card_id: str | None


class Granted(Struct, frozen=True):
    """What was granted under a reference, and to whom. ``card_id`` is None within a batch."""

    owner_uuid: str
    terms: Terms
    card_id: str | None = None

    def repeated(self, owner: Resident, wanted: Terms) -> Repeat | ReferenceTaken:
        """Tell whether a request asks for the same, or what is another in it.

        One that leaves the expiry to the store asks for whatever the store had then.
        """
        if wanted.expires_at is UNSET:
            wanted = structs.replace(wanted, expires_at=self.terms.expires_at)
        reference = str(wanted.labels.reference)
        other = [
            name for name, value in _asked(wanted).items() if value != _asked(self.terms)[name]
        ]
        if owner.uuid != self.owner_uuid:
            other.insert(0, "owner")
        return (
            ReferenceTaken(reference, self.card_id, other)
            if other
            else Repeat(reference, self.card_id)
        )


async def find(tx: Tx, store_id: str, references: Sequence[str]) -> dict[str, Granted]:
    """Return what was granted under those of some references that a card has."""
    if not references:
        return {}
    rows = await tx.all("references_find", store_id=store_id, references=references)
    found = {}
    for reference, card_id, credit, encoded, reason in rows:
        state = read_card_state(encoded)
        labels = state.labels or NO_LABELS
        terms = Terms(
            credit, state.transfer, state.texture, state.expires_at, reason, labels, state.purchased
        )  # fmt: skip
        found[reference] = Granted(state.owner_uuid, terms, card_id)
    return found


def _asked(terms: Terms) -> dict[str, object]:
    """Name what is compared, as a caller names it."""
    labels = terms.labels
    return structs.asdict(terms) | {
        "labels": None,
        "announce": None,  # no card is another for it,
        "note": None,  # nor for this
        "tags": labels.tags,
        "metadata": labels.metadata,
    }
