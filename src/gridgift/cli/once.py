"""Changes that are made once under an idempotency key, however often the command is given."""

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Concatenate, Final, TypeVar

import msgspec
import typer

from gridgift.cli.options import StoreOptions
from gridgift.cli.output import print_note
from gridgift.cli.session import find_store, operator, read_settings, run
from gridgift.domain.idempotency import Answered, IdempotencyKey, Once, Run
from gridgift.operations import Operations
from gridgift.storage.database import P, T, Tx

V = TypeVar("V", bound=msgspec.Struct)

_KEY: Final = re.compile(r"[ -~]{1,255}")
_NOT_ASKED: Final = frozenset(  # where it is, how it shows, and whether it is asked about before
    {"key", "store", "database", "json", "dry_run", "yes"}
)
REPLAYED: Final = "This was done before under the same key: it is answered as it was then."
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def read_key(text: str) -> str:
    """Read an idempotency key (contract section 10)."""
    if not _KEY.fullmatch(text):
        raise typer.BadParameter("must have 1 to 255 printable ASCII characters.")
    return text


IdempotencyKeyOption = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        parser=read_key,
        metavar="KEY",
        help="Of your choice: under it this is done once in 7 days; then it answers as before.",
    ),
]


class KeyedOptions(StoreOptions, frozen=True, kw_only=True):
    """Options of every command about one store that is done once under a key."""

    key: IdempotencyKeyOption = None


def act_once(
    context: typer.Context,
    view: type[V],
    show: Callable[[T], V],
    operation: Callable[Concatenate[Tx, Any, P], Coroutine[Any, Any, T]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> V:
    """Run one operation as the operator of the command's store; return what ``show`` makes of it.

    The command has the options ``store``, ``database`` and ``key``. With a key the answer is stored
    in the operation's own transaction, and returned to the same command. Raises what the operation
    raises, and ``IdempotencyKeyReused`` for another command under the key.
    """
    options = context.params

    async def work(operations: Operations) -> Answered:
        caller = operator(await find_store(operations, options["store"]))

        async def change(tx: Tx) -> T:
            return await operation(tx, caller, *args, **kwargs)

        wanted: Once[Run[T], T] = Once(
            change, key_of(context), lambda result: msgspec.json.encode(show(result))
        )
        return await operations.once(caller.store_id, wanted)

    answered = run(read_settings(options["database"]), work)
    if answered.replayed:
        print_note(REPLAYED)
    return msgspec.json.decode(answered.answer, type=view)


def key_of(
    context: typer.Context, since: frozenset[str] = frozenset(), **also: object
) -> IdempotencyKey | None:
    """Return the command's key as it is stored: all operators share theirs, and no one else.

    ``also`` has what is asked for in place of parameters of these names. What is as it is without
    being named asks for nothing: so a later program, which has more options, knows the command.
    The program before took every option that it had into its digest: ``since`` names those that it
    did not have.
    """
    key = context.params["key"]
    if key is None:
        return None
    usual = {parameter.name: parameter.default for parameter in context.command.params}
    asked = {name: value for name, value in context.params.items() if name not in _NOT_ASKED}
    named = {name: value for name, value in asked.items() if value != usual[name]}
    older = b""
    if since.isdisjoint(named):  # else it asks for what the program before could not do
        older = _digest(context, {name: asked[name] for name in asked if name not in since} | also)
    return IdempotencyKey(f"operator\n{key}", _digest(context, named | also), older=older)


def _digest(context: typer.Context, asked: dict[str, object]) -> bytes:
    return hashlib.sha256(_encode((context.info_name, asked))).digest()
