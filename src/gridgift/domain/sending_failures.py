"""The ways in which a sending can be refused."""

from gridgift.domain.failures import Failure


class SendingNotFound(Failure):
    """The store has no such sending, or it was deleted after its week."""

    code = "sending_not_found"

    def __init__(self, sending_id: str) -> None:
        super().__init__(f"There is no sending {sending_id}; each is kept for a week.")
