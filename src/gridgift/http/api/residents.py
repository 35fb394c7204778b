"""Residents, as far as a store may know and name them (contract section 10, decision 35)."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gridgift.domain import failures, naming, residents
from gridgift.domain.naming import Noted
from gridgift.domain.residents import read_resident
from gridgift.fields import Username, Uuid
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply, once
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.http.parameters import IDENTIFIER
from gridgift.views import CARD_EXAMPLE, ResidentResponse

TAG: Final = Tag(
    "Residents",
    "Who is behind a username. Residents are known to the whole server; what a store's keys say of "
    "names counts at that store.",
)
PATH: Final = "/ext/v1/residents"
READ: Final = ApiKey("customers:read")

EXAMPLE: Final[dict[str, Any]] = {
    "uuid": CARD_EXAMPLE["ownerUuid"],
    "username": CARD_EXAMPLE["ownerUsername"],
}
_NEW: Final[dict[str, Any]] = {
    "uuid": "2d3e4f50-6172-4839-8a4b-5c6d7e8f9012",
    "username": "robin.sommer",
}


class ResidentRequest(Struct, frozen=True):
    """An avatar's UUID, and the username that it has now."""

    uuid: Uuid
    username: Username


class ResidentsQuery(PageQuery, frozen=True):
    """Which page of the residents whom the store knows, and which of them."""

    prefix: Annotated[
        str,
        Meta(
            description="What the username begins with; empty: anything.",
            extra_json_schema={"pattern": residents.PREFIX_PATTERN},
        ),
    ] = ""


async def add_resident(request: KeyRequest[None, ResidentRequest]) -> Reply[ResidentResponse]:
    """Note a resident's username."""
    seen = read_resident(request.body.username, request.body.uuid.lower())
    return await once(request, _show, naming.note, request.store_id, seen)


async def get_resident(request: KeyRequest[None, None]) -> Reply[ResidentResponse]:
    """Find a resident."""
    identifier = IDENTIFIER.of(request)
    found = await request.operations.read(residents.find, request.store_id, identifier)
    return Reply.json(ResidentResponse.of(found))


async def list_residents(
    request: KeyRequest[ResidentsQuery, None],
) -> Reply[ListResponse[ResidentResponse]]:
    """List the residents whom the store knows."""
    query, store_id = request.query, request.store_id
    prefix = naming.read_prefix(query.prefix)
    cursors = request.services.cursors.of(f"residents {store_id} {prefix}", naming.KEY_TYPES)
    position = cursors.read(query.cursor)
    page = await request.operations.read(naming.list_of, store_id, prefix, position, query.limit)
    return list_reply(cursors, page.map(ResidentResponse.of), query.limit)


def _show(noted: Noted) -> Reply[ResidentResponse]:
    return Reply.json(ResidentResponse.of(noted.resident), 201 if noted.new else 200)


ROUTES: Final = (
    Route(
        "POST",
        PATH,
        ApiKey("customers:write"),
        add_resident,
        tag=TAG,
        summary="Note a resident's username",
        description="201 for an avatar of whom nobody had heard, else 200. The name leads to the "
        "resident at this store. The answer has the name that is shown, which may be another one.",
        body=ResidentRequest,
        body_example=_NEW,
        answer=ResidentResponse,
        status=201,
        or_status=200,
        example=_NEW,
        refusals=(failures.UsernameTaken,),
    ),
    Route(
        "GET",
        PATH,
        READ,
        list_residents,
        tag=TAG,
        summary="List the residents whom the store knows",
        description="Its customers, and whom its keys noted, in the order of their usernames. A "
        "page may have fewer residents than its limit, and another one after it.",
        query=ResidentsQuery,
        answer=ListResponse[ResidentResponse],
        example=ListResponse.example(EXAMPLE),
    ),
    Route(
        "GET",
        f"{PATH}/{{identifier}}",
        READ,
        get_resident,
        tag=TAG,
        summary="Find a resident",
        description="By username or UUID. Whether they are a store's customer is not said.",
        path_parameters=(IDENTIFIER,),
        answer=ResidentResponse,
        example=EXAMPLE,
    ),
)
