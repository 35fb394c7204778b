"""The guard of the resident's own page: a customer token (contract section 8)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar

from msgspec import Struct

from gridgift.credentials import CredentialKind
from gridgift.domain import residents, tokens
from gridgift.domain.failures import Failure
from gridgift.domain.model import Resident, Token
from gridgift.domain.residents import Identifier
from gridgift.http.edge.guards import SecurityScheme
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.refusals import CustomerTokenInvalid, RateLimited
from gridgift.http.edge.request import Request
from gridgift.http.edge.route import Tag
from gridgift.limits import Bucket
from gridgift.storage.database import Tx

Q = TypeVar("Q")
B = TypeVar("B")

HEADER: Final = b"x-customer-token"
CUSTOMER_PAGE: Final = Tag(
    "Customer page",
    "What a resident's own page calls, with the token of a link that the store made, and the page "
    "of this server's own.",
)


class Customer(Principal, frozen=True, kw_only=True):
    """A resident with a token of a store's."""

    token: Token
    resident: Resident

    @property
    def id(self) -> str:
        """The token's."""
        return self.token.id

    @property
    def hash(self) -> bytes:
        """The token's."""
        return self.token.hash


CustomerRequest = Request[Customer, Q, B]


async def _find(tx: Tx, store_id: str, token_id: str) -> Customer | None:
    token = await tokens.find(tx, store_id, token_id)
    if token is None:
        return None
    resident = await residents.find(tx, store_id, Identifier(uuid=token.resident_uuid))
    return Customer(
        store_id=store_id,
        actor_kind="resident",
        actor_id=resident.uuid,
        bucket=Bucket("token", token.id),
        log_fields={"store": store_id, "resident": resident.uuid},
        expires_at=token.expires_at,
        token=token,
        resident=resident,
    )


CUSTOMER_TOKEN: Final = CredentialKind("token", _find, tokens.PREFIX)


class CustomerToken(Struct, frozen=True):
    """Admits a request with a live customer token; one with any fault is simply invalid."""

    refusals: ClassVar[tuple[type[Failure], ...]] = (CustomerTokenInvalid, RateLimited)
    scheme: ClassVar[SecurityScheme | None] = SecurityScheme(
        "CustomerToken",
        "X-Customer-Token",
        "A resident's token, from `POST /v1/customer-tokens`.",
    )
    cors: ClassVar[tuple[str, ...]] = ("/v1/customer/", "/ext/v1/customer/")
    keyed: ClassVar[bool] = True
    note: ClassVar[str] = ""

    def describe(self) -> Mapping[str, Any]:
        """Tell that a token is needed."""
        return {"security": [{"CustomerToken": []}]}

    async def admit(self, request: Request[Any, Any, Any]) -> Customer:
        """Return the resident whose token the request carries."""
        value, services = request.headers.get(HEADER), request.services
        if not value:
            raise CustomerTokenInvalid
        customer = await services.credentials.of(CUSTOMER_TOKEN).look_up(value, services.ticks())
        if customer is None:
            raise CustomerTokenInvalid
        _check_alive(customer.token, services.clock())
        return customer

    def authorise(self, principal: Customer) -> None:
        """Let every resident pass: what a token opens is the resident's own."""

    async def verify(self, request: Request[Any, Any, Any]) -> None:
        """Find nothing wrong: a token is good for any body."""

    async def readmit(self, tx: Tx, principal: Customer) -> None:
        """Raise ``CustomerTokenInvalid`` if the token has ended meanwhile."""
        _check_alive(await tokens.find(tx, principal.store_id, principal.id), tx.now())


def _check_alive(token: Token | None, now: int) -> None:
    if token is None or token.revoked_at is not None or token.expires_at <= now:
        raise CustomerTokenInvalid
