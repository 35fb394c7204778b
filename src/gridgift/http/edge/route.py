"""A row of the API's table: one method at one path, and all there is to know about it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from gridgift.domain.failures import Failure
from gridgift.http.edge.decode import MAX_BODY
from gridgift.http.edge.guards import Guard
from gridgift.http.edge.path import PathParameter
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.request import Request

P = TypeVar("P", bound=Principal)
Q = TypeVar("Q")
B = TypeVar("B")
A = TypeVar("A")

READS: Final = frozenset({"GET", "HEAD"})


class Tag(Struct, frozen=True):
    """A group of operations in the OpenAPI document; the description says what they share."""

    name: str
    description: str


class Route(Struct, Generic[P, Q, B, A], frozen=True):
    """One endpoint: the guard's principal, query, body and answer are the handler's.

    A body is one JSON object, a ``body``, or has many ``rows``, which the handler reads: then there
    is an example for each media type; without either a body that says anything is refused.
    ``body_limit`` is in bytes. ``answer`` is the JSON that a ``status`` comes with, and where there
    was nothing to make ``or_status``; without it the body is of another ``media_type``.
    ``path_parameters`` are those of the path, in its order. ``refusals`` are the operation's own:
    those of the guard, of path parameters and of decoding are added. ``etag`` says that answers
    have one. A write behind a guard takes an ``Idempotency-Key`` unless it is not ``replayable``.
    """

    method: str
    path: str
    guard: Guard[P]
    handler: Callable[[Request[P, Q, B]], Awaitable[Reply[A]]]
    tag: Tag
    summary: str
    description: str
    path_parameters: tuple[PathParameter[Any], ...] = ()
    query: type[Q] | None = None
    body: type[B] | None = None
    body_required: bool = True
    rows: Mapping[str, str] | None = None
    body_limit: int = MAX_BODY
    answer: type[A] | None = None
    media_type: str = "application/json"
    status: int = 200
    or_status: int | None = None
    example: Any = None
    body_example: Any = None
    refusals: tuple[type[Failure], ...] = ()
    etag: bool = False
    replayable: bool = True

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a row that can't be served."""
        where = f"{self.method} {self.path}"
        if not callable(getattr(self.guard, "admit", None)):
            raise ValueError(f"{where} needs a guard, or PUBLIC")
        below = self.guard.cors
        if below and not self.path.startswith(below):
            raise ValueError(f"{where} is not below {' or '.join(below)}, as its guard has it")
        if self.query is not None and not issubclass(self.query, Struct):
            raise ValueError(f"{where} has a query that is no struct")
        named = re.findall(r"{(\w+)}", self.path)
        if named != [parameter.name for parameter in self.path_parameters]:
            raise ValueError(f"{where} does not describe its path's parameters")

    @property
    def keyed(self) -> bool:
        """Whether it is a write that takes an idempotency key."""
        return self.method not in READS and self.guard.keyed and self.replayable

    @property
    def name(self) -> str:
        """The operation's id in the OpenAPI document: the handler's name."""
        return self.handler.__name__


AnyRoute = Route[Any, Any, Any, Any]
