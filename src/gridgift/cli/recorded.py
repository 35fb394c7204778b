"""What a command changes stands in Audit: here, for all commands there are and will be.

A command's first write to a store is recorded in that write's transaction, unless the operation has
recorded itself there, as one does that is told who does it. What is about an operator is recorded
once at each store where they work, for a link opens all of those, and nowhere else. What is of no
store in particular, such as a resident's name, is recorded at every store. Only the command's own
name is kept: what is typed after it may have residents' names.
"""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any, Final

from gridgift.domain import actions, operators, secrets, stores
from gridgift.domain.actions import About, Who
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, Store
from gridgift.domain.operators import Membership, NewLink
from gridgift.domain.paging import Position
from gridgift.operations import Operations
from gridgift.storage.database import Database, Operation, P, T, Tx

# They serve, look, or make a store to try things on: what they write is their own. So is what any
# command may do before its work, when a database gets to know its secret.
UNRECORDED: Final = frozenset({"", "demo", "doctor", "serve", "verify"})

NEWEST: Final = 10  # records: others may be written at the same time

command: Final[ContextVar[str]] = ContextVar("command", default="")  # that runs: "card adjust"


class RecordedOperations(Operations):
    """Operations of a command in a shell; ``user`` is the system's user."""

    def __init__(self, database: Database, user: str) -> None:
        super().__init__(database)
        self._user = user
        self._told = set[str]()

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in a transaction, and record the command in it."""
        name, told = command.get(), set[str]()

        async def recorded(tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> T:
            result = await operation(tx, *args, **kwargs)
            told.clear()  # a transaction may be run again
            told.update(await _stores_of(tx, [*args, *kwargs.values(), result]))
            for store_id in told - self._told:
                if await _recorded_itself(tx, store_id, args):
                    continue
                who = Who(store_id, new_id(), self._user, "", "")
                await actions.note(tx, who, "shell", About(text=name))
            return result

        if name in UNRECORDED or operation is secrets.claim:
            return await super().write(operation, *args, **kwargs)
        result = await super().write(recorded, *args, **kwargs)
        self._told |= told
        return result


async def _recorded_itself(tx: Tx, store_id: str, values: Iterable[Any]) -> bool:
    """Tell whether an operation that was told who does it has recorded that at a store."""
    own = {value.action_id for value in values if isinstance(value, Who)}
    if not own:
        return False
    newest = await actions.list_of(tx, store_id, Position(), NEWEST)
    return any(action.id in own for action in newest.rows)


async def _stores_of(tx: Tx, values: Sequence[Any]) -> set[str]:
    """Return the stores that an operation's arguments and result name; none is all of them."""
    known = {store.id for store in await stores.list_all(tx)}
    named = {store_id for value in values for store_id in _named(value)}
    for value in values:
        if isinstance(value, NewLink):
            named |= {one.store_id for one in await operators.memberships(tx, value.operator.id)}
    return (named & known) or known


def _named(value: Any) -> Iterable[str]:
    """Return what may be a store's id in a value: the id itself, or that of who asks."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Store):
        return (value.id,)
    if isinstance(value, list):  # the stores where an operator's work has ended
        return {one.store_id for one in value if isinstance(one, Membership)}
    asking = value if isinstance(value, Caller) else getattr(value, "caller", value)
    store_id = getattr(asking, "store_id", None)
    return (store_id,) if isinstance(store_id, str) else ()
