"""What handlers are given: the database and the few things that the edge keeps between requests."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from gridgift.domain.lists import ListAsk, OwnedPage
from gridgift.domain.model import GiftCard
from gridgift.http.auth import KeyRing, TokenRing
from gridgift.http.cors import Origins
from gridgift.http.gathering import Gatherer
from gridgift.http.granting import Ask, Given
from gridgift.http.limits import Limiter
from gridgift.http.paging import Cursors
from gridgift.logs import RequestLog
from gridgift.metrics import Metrics
from gridgift.settings import Settings
from gridgift.storage.database import Database

if TYPE_CHECKING:
    from gridgift.directory import Directory  # brings a whole HTTP client


class Services(Struct, frozen=True):
    """Everything a request may need. ``clock`` gives milliseconds, ``ticks`` seconds."""

    settings: Settings
    database: Database
    cards: Gatherer[str, GiftCard]
    pages: Gatherer[ListAsk, OwnedPage]
    grants: Gatherer[Ask, Given]
    keys: KeyRing
    tokens: TokenRing
    origins: Origins
    limiter: Limiter
    token_limiter: Limiter
    failed_logins: Limiter
    cursors: Cursors
    directory: "Directory | None"
    request_log: RequestLog
    metrics: Metrics
    clock: Callable[[], int]
    ticks: Callable[[], float]
    check_ready: Callable[[], Awaitable[None]]

    def forget(self, sort: str, changed_id: str) -> None:
        """Forget what is remembered of a "key", a "token" or a "store" that has changed."""
        if sort == "key":
            self.keys.forget(changed_id)
        elif sort == "token":
            self.tokens.forget(changed_id)
        else:
            self.origins.forget()

    def forget_all(self) -> None:
        """Forget all that is remembered of the database: changes may have gone unheard."""
        self.keys.forget()
        self.tokens.forget()
        self.origins.forget()
