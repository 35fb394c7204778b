"""What operators change: each change is recorded in its own transaction, for the page Audit."""

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, TypeVar

from gridgift.domain import actions
from gridgift.domain.actions import About, Deed, Who
from gridgift.domain.ids import new_id
from gridgift.http.edge.answers import write
from gridgift.http.edge.limits import address_of
from gridgift.http.edge.request import Request
from gridgift.http.edge.session import OperatorRequest
from gridgift.storage.database import P, Tx

T = TypeVar("T")


async def act(
    request: OperatorRequest[Any, Any],
    deed: Deed,
    about: Callable[[T], About | None],
    operation: Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a write of an operator's, and record it; ``about`` says of its result what it is about.

    None says that nothing was done, and records nothing.
    """
    noted = actions.noting(who_of(request), deed, about, operation)
    return await write(request, noted, *args, **kwargs)


def who_of(request: OperatorRequest[Any, Any]) -> Who:
    """Return who does something, for one record of it."""
    name, address = request.caller.actor_id, address_of(request)
    return Who(request.store_id, new_id(), name, address, agent_of(request))


def nothing_more(_: object) -> About:
    """Say of what was done that its name says it all."""
    return About()


def agent_of(request: Request[Any, Any, Any]) -> str:
    """Return what a browser calls itself."""
    return request.headers.get(b"user-agent", b"").decode("latin-1")
