"""Ways in which an operation on webhooks can be refused; more of the list in ``failures``."""

from gridgift.domain.failures import Failure


class WebhookNotFound(Failure):
    """The store has no such webhook."""

    code = "webhook_not_found"

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"There is no webhook {webhook_id} in this store.")


class WebhookInactive(Failure):
    """The webhook is switched off, so nothing is delivered to it."""

    code = "webhook_inactive"

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"The webhook {webhook_id} is switched off.")


class TooManyWebhooks(Failure):
    """The store has as many webhooks as it can have: ``limit``."""

    code = "too_many_webhooks"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The store has {limit} webhooks, and can't have more.")
        self.limit = limit


class DeliveryNotFound(Failure):
    """The webhook has no such delivery."""

    code = "delivery_not_found"

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"There is no delivery {delivery_id} to this webhook.")
