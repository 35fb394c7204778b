"""A row of the API's table: one method at one path, and all there is to know about it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from gridgift.domain.failures import Failure
from gridgift.domain.scopes import SCOPES
from gridgift.http.call import Call
from gridgift.http.decode import MAX_BODY
from gridgift.http.reply import Reply

PUBLIC: Final = "PUBLIC"
CUSTOMER: Final = "CUSTOMER"  # a resident with a token


class Route(Struct, frozen=True, kw_only=True):
    """One endpoint. Without a known scope, ``CUSTOMER`` or ``PUBLIC`` it does not load.

    ``rows``: instead of one JSON object the body has many rows, which the handler reads; an
    example for each media type. ``body_limit`` is in bytes.
    """

    method: str
    path: str
    scope: str
    handler: Callable[[Call], Awaitable[Reply]]
    tag: str
    summary: str
    description: str = ""
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    rows: Mapping[str, str] | None = None
    body_limit: int = MAX_BODY
    answer: Any = None
    media_type: str = "application/json"
    status: int = 200
    example: Any = None
    body_example: Any = None
    refusals: tuple[type[Failure], ...] = ()
    etag: bool = False
    etag_unless_held: bool = False
    afresh: bool = False

    def __post_init__(self) -> None:
        if self.scope not in {PUBLIC, CUSTOMER, *SCOPES}:
            raise ValueError(f"{self.method} {self.path} needs a scope or PUBLIC")
        if self.query is not None and not issubclass(self.query, Struct):
            raise ValueError(f"{self.method} {self.path} has a query that is no struct")

    @property
    def keyed(self) -> bool:
        """Whether it is a write that takes an idempotency key."""
        return self.method not in {"GET", "HEAD"} and self.scope != PUBLIC and not self.afresh

    @property
    def name(self) -> str:
        """The operation's id in the OpenAPI document: the handler's name."""
        return self.handler.__name__
