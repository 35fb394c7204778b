"""Health: alive, and ready to serve."""

from gridgift.http.call import Call
from gridgift.http.reply import Reply
from gridgift.http.schemas import HealthResponse
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
