"""The ways in which a change of many cards can be refused."""

from gridgift.domain.failures import Failure


class BulkChangeNotFound(Failure):
    """The store has no such change of many cards, or it was deleted after its week."""

    code = "bulk_change_not_found"

    def __init__(self, change_id: str) -> None:
        super().__init__(f"There is no change {change_id} of many cards; each is kept for a week.")


class NotUndoable(Failure):
    """A card is not as the change left it, or can't be again as it was before; ``why`` says it."""

    code = "not_undoable"

    def __init__(self, why: str) -> None:
        super().__init__(why)
