"""Guards: one for each kind of caller. A new kind is a module with a guard, and no other edit.

A guard admits a request and returns its principal. It also says of itself what the OpenAPI
document tells of it, what it refuses with, and whether a browser's page may call from another
origin.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol, TypeVar

from msgspec import Struct

from gridgift.domain.failures import Failure
from gridgift.http.edge.principal import NOBODY, Principal
from gridgift.http.edge.request import Request
from gridgift.storage.database import Tx

P_co = TypeVar("P_co", bound=Principal, covariant=True)
Q = TypeVar("Q")
B = TypeVar("B")

PublicRequest = Request[Principal, Q, B]


class SecurityScheme(Struct, frozen=True):
    """A security scheme of the OpenAPI document: a header that carries a credential.

    A ``bearer`` token comes in ``Authorization``, behind that word (RFC 6750).
    """

    name: str
    header: str
    description: str
    bearer: bool = False

    def describe(self) -> dict[str, str]:
        """Return it as the document has it."""
        if self.bearer:
            return {"type": "http", "scheme": "bearer", "description": self.description}
        carrier = {"type": "apiKey", "in": "header", "name": self.header}
        return carrier | {"description": self.description}


class Guard(Protocol[P_co]):
    """What stands before a route's handler."""

    @property
    def refusals(self) -> tuple[type[Failure], ...]:
        """What it may refuse a request with."""

    @property
    def scheme(self) -> SecurityScheme | None:
        """How callers authenticate (None: they need not)."""

    @property
    def cors(self) -> tuple[str, ...]:
        """Below which paths the store's own customer page may read every answer.

        See the contract's section 8. The guard's routes are below one of them, if there are any.
        """

    @property
    def keyed(self) -> bool:
        """Whether writes behind it take an ``Idempotency-Key``."""

    @property
    def note(self) -> str:
        """What it adds to an operation's description in the OpenAPI document."""

    def describe(self) -> Mapping[str, Any]:
        """Return the members that it adds to an operation of the OpenAPI document."""

    async def admit(self, request: Request[Any, Any, Any]) -> P_co:
        """Return whom the request comes from. Raises one of ``refusals``."""

    def authorise(self, principal: Any) -> None:
        """Raise what keeps this principal from the route; its request was counted before."""

    async def verify(self, request: Request[Any, Any, Any]) -> None:
        """Raise what is wrong with a request as a whole: its body was read, and not yet decoded."""

    async def readmit(self, tx: Tx, principal: Any) -> None:
        """Raise what keeps this principal from the route by what the database has now."""


class Public(Struct, frozen=True):
    """Admits everyone; if there is a ``scheme``, the handler looks at what it carries."""

    scheme: SecurityScheme | None = None
    refusals: ClassVar[tuple[type[Failure], ...]] = ()
    cors: ClassVar[tuple[str, ...]] = ()
    keyed: ClassVar[bool] = False
    note: ClassVar[str] = ""

    def describe(self) -> Mapping[str, Any]:
        """Tell what the handler needs, if anything."""
        return {"security": [] if self.scheme is None else [{self.scheme.name: []}]}

    async def admit(self, request: Request[Any, Any, Any]) -> Principal:
        """Admit the request as nobody's."""
        return NOBODY

    def authorise(self, principal: Principal) -> None:
        """Let everyone pass."""

    async def verify(self, request: Request[Any, Any, Any]) -> None:
        """Find nothing wrong."""

    async def readmit(self, tx: Tx, principal: Principal) -> None:
        """Let everyone pass."""


PUBLIC: Final = Public()
