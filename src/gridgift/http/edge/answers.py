"""From an operation's result to a reply: once under an idempotency key, if unchanged, by pages."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from msgspec import Struct

from gridgift.cursors import ListCursors
from gridgift.domain.batches import BatchedWrite
from gridgift.domain.idempotency import Answered, Once, Run
from gridgift.domain.paging import Page
from gridgift.fields import Cursor, Limit
from gridgift.http.edge.reply import NO_STORE, REVALIDATE, Reply, Stream
from gridgift.http.edge.request import Request
from gridgift.storage.database import Operation, P, T, Tx

A = TypeVar("A")
V = TypeVar("V")


class PageQuery(Struct, frozen=True):
    """Which page of a list (contract section 4)."""

    limit: Limit = 100
    cursor: Cursor | None = None


class Pagination(Struct, frozen=True, rename="camel"):
    """Where the pages beside this one are; null where there is none."""

    next_cursor: str | None
    previous_cursor: str | None
    limit: Limit


class ListResponse(Struct, Generic[V], frozen=True):
    """A page of a list (contract section 4)."""

    data: list[V]
    pagination: Pagination

    @staticmethod
    def example(*rows: Mapping[str, Any]) -> dict[str, Any]:
        """Show the only page of a list with these rows."""
        pagination = {"nextCursor": None, "previousCursor": None, "limit": 100}
        return {"data": list(rows), "pagination": pagination}


async def once(
    request: Request[Any, Any, Any],
    show: Callable[[T], Reply[V]],
    operation: Operation[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Reply[V]:
    """Run a write and answer with what ``show`` makes of its result.

    With an ``Idempotency-Key`` the reply is stored in the same transaction, and sent again to the
    same request (contract section 10).
    """

    async def run(tx: Tx) -> T:
        return await operation(tx, *args, **kwargs)

    wanted: Once[Run[T], T] = keyed(request, show, run)
    return sent(await request.operations.once(request.store_id, wanted))


async def write(
    request: Request[Any, Any, Any],
    operation: Operation[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a write whose result is not kept."""

    async def run(tx: Tx) -> T:
        await request.check(tx)
        return await operation(tx, *args, **kwargs)

    return await request.operations.write(run)


async def batched(
    request: Request[Any, Any, Any],
    show: Callable[[T], Reply[V]],
    operation: BatchedWrite[A, T],
    asked: A,
) -> Reply[V]:
    """Run a write as part of a batch; else the same as ``once``."""
    operations, wanted = request.operations, keyed(request, show, asked)
    return sent(await operations.submit_once(operation, request.store_id, wanted))


def keyed(request: Request[Any, Any, Any], show: Callable[[T], Reply[V]], asked: A) -> Once[A, T]:
    """Return what is asked for with the request's key, its check, and what packs the answer."""
    return Once(asked, request.idempotency_key(), lambda result: show(result).pack(), request.check)


def sent(answered: Answered) -> Reply[Any]:
    """Return the reply that was packed, made now or stored before."""
    return Reply.unpack(answered.answer, replayed=answered.replayed)


def joined(parts: Sequence[Answered], body: Struct) -> Reply[Any]:
    """Answer with what the answers to all parts are together: a replay if every part is one."""
    packed = Reply.json(body).pack()
    return Reply.unpack(packed, replayed=all(part.replayed for part in parts))


def conditional(request: Request[Any, Any, Any], reply: Reply[V]) -> Reply[V]:
    """Answer a read that has an ETag, or with 304 that the client has it already."""
    assert reply.etag is not None, "without an ETag there is no condition"
    if b"if-none-match" in request.headers and request.has_current(reply.etag):
        return Reply(304, (REVALIDATE, (b"etag", reply.etag.encode())))
    return reply


async def file_reply(media_type: str, name: str, parts: AsyncGenerator[bytes]) -> Reply[None]:
    """Answer with a file, which is sent while it is made.

    What keeps its first part from being made is a problem as always.
    """
    first = await anext(parts)

    async def chunks() -> AsyncGenerator[bytes]:
        async with aclosing(parts):
            yield first
            async for part in parts:
                yield part

    headers = (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        NO_STORE,
    )
    return Stream(200, headers, chunks=chunks())


def list_reply(cursors: ListCursors, page: Page[V], limit: int) -> Reply[ListResponse[V]]:
    """Answer with a page; ``cursors`` are those of its list (contract section 4)."""
    return Reply.json(
        ListResponse(
            data=list(page.rows),
            pagination=Pagination(cursors.write(page.next), cursors.write(page.previous), limit),
        )
    )
