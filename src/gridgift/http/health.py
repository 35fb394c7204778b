"""Health: alive, ready to serve, and how it serves."""

import hmac

from gridgift.http.call import Call
from gridgift.http.refusals import MetricsTokenInvalid, PathNotFound
from gridgift.http.reply import NO_STORE, Reply
from gridgift.http.schemas import HealthResponse
from gridgift.metrics import CONTENT_TYPE
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable


async def get_health(call: Call) -> Reply:
    """Tell that this process answers; asks nothing of the database."""
    return Reply.json(HealthResponse("alive"))


async def get_readiness(call: Call) -> Reply:
    """Tell whether the database is reachable and has this program's schema."""
    try:
        await call.services.check_ready()
    except DatabaseRefused as error:
        raise DatabaseUnavailable(str(error)) from error
    return Reply.json(HealthResponse("ready"))


async def get_metrics(call: Call) -> Reply:
    """Answer with this server's counts, for Prometheus; only whoever has the token may see them."""
    token = call.services.settings.metrics_token
    if not token:
        raise PathNotFound
    given = call.headers.get(b"authorization", b"")
    if not hmac.compare_digest(given, b"Bearer " + token.encode()):
        raise MetricsTokenInvalid
    text = call.services.metrics.text()
    return Reply(200, ((b"content-type", CONTENT_TYPE), NO_STORE), text)
