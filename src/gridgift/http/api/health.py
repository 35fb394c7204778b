"""Health: alive, ready to serve, and how it serves."""

import asyncio
import hmac
from contextlib import suppress
from typing import Final

from msgspec import Struct

from gridgift.domain import delivering
from gridgift.http.edge.guards import PUBLIC, Public, PublicRequest, SecurityScheme
from gridgift.http.edge.refusals import MetricsTokenInvalid, PathNotFound
from gridgift.http.edge.reply import NO_STORE, Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.metrics import CONTENT_TYPE, OVERDUE
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable

PATIENCE: Final = 1.0  # seconds that counts wait for what the database says
TAG: Final = Tag("Health", "For whoever watches over the server.")
METRICS: Final = Public(
    SecurityScheme(
        "MetricsToken", "Authorization", "The token that the operator set for it.", bearer=True
    )
)


class HealthResponse(Struct, frozen=True):
    """How the server is."""

    status: str


async def get_health(request: PublicRequest[None, None]) -> Reply[HealthResponse]:
    """Tell that this process answers; asks nothing of the database."""
    return Reply.json(HealthResponse("alive"))


async def get_readiness(request: PublicRequest[None, None]) -> Reply[HealthResponse]:
    """Tell whether the database takes writes and has a schema that this program can serve."""
    try:
        await request.services.check_ready()
    except DatabaseRefused as error:
        raise DatabaseUnavailable(str(error)) from error
    return Reply.json(HealthResponse("ready"))


async def get_metrics(request: PublicRequest[None, None]) -> Reply[None]:
    """Answer with this server's counts, for Prometheus; only whoever has the token may see them."""
    token = request.services.settings.metrics_token
    if not token:
        raise PathNotFound
    given = request.headers.get(b"authorization", b"")
    if not hmac.compare_digest(given, b"Bearer " + token.encode()):
        raise MetricsTokenInvalid
    text = request.services.metrics.text()
    with suppress(DatabaseUnavailable, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            text += OVERDUE % (await request.services.operations.read(delivering.overdue) / 1000)
    return Reply(200, ((b"content-type", CONTENT_TYPE), NO_STORE), text)


ROUTES: Final = (
    Route(
        "GET",
        "/healthz",
        PUBLIC,
        get_health,
        tag=TAG,
        summary="Is the server alive",
        description="It asks nothing of the database.",
        answer=HealthResponse,
        example={"status": "alive"},
    ),
    Route(
        "GET",
        "/readyz",
        PUBLIC,
        get_readiness,
        tag=TAG,
        summary="Can the server serve",
        description="The database takes writes and has a schema that this version can serve.",
        answer=HealthResponse,
        example={"status": "ready"},
    ),
    Route(
        "GET",
        "/metrics",
        METRICS,
        get_metrics,
        tag=TAG,
        summary="Counts for Prometheus",
        description="How many requests were answered, how, and within how many seconds. There only "
        "if the operator set a token, which is sent as Authorization: Bearer.",
        media_type="text/plain",
        refusals=(MetricsTokenInvalid, PathNotFound),
    ),
)
