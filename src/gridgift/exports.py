"""A list as a file, whatever its length: CSV for spreadsheets, or lines of JSON (section 10).

Page by page, each read by itself: no transaction and no memory is held for the whole, and nothing
is left open when whoever reads it stops on the way.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from gridgift.domain.paging import Page, Position
from gridgift.operations import Operations
from gridgift.storage.database import Tx

V = TypeVar("V")

Read = Callable[[Tx, Position], Awaitable[Page[V]]]  # reads a page of what is exported

AT_ONCE: Final = 10  # rows that are written before others take their turns

_encode: Final = msgspec.json.Encoder().encode


class Form(Struct, Generic[V], frozen=True):
    """A form that a file can have: what it begins with, and how rows are written.

    ``kind`` is what its name ends with: csv or jsonl.
    """

    media_type: str
    kind: str
    name: str
    heading: Callable[[], str]
    write: Callable[[Iterable[V]], str]


def csv(name: str, heading: Callable[[], str], write: Callable[[Iterable[V]], str]) -> Form[V]:
    """Return the form of a CSV file that is called ``name``.csv."""
    return Form("text/csv", "csv", f"{name}.csv", heading, write)


def json_lines(name: str) -> Form[Struct]:
    """Return the form of a file with a line of JSON for each row."""
    return Form("application/jsonl", "jsonl", f"{name}.jsonl", str, _as_json_lines)


async def parts(
    form: Form[V],
    operations: Operations,
    check: Callable[[Tx], Awaitable[None]],
    read: Read[V],
) -> AsyncGenerator[bytes]:
    """Write all rows of a list, a page at a time.

    ``check`` is asked before each page: whoever reads may not be let in any more.
    """

    async def checked(tx: Tx, at: Position) -> Page[V]:
        await check(tx)
        return await read(tx, at)

    heading = form.heading()
    following: Position | None = Position()
    while following is not None:
        page = await operations.read(checked, following)
        text = heading + await _written(form, page.rows)
        if text or not following.keys:  # the first part also begins the answer
            yield text.encode()
        heading, following = "", page.next
        await asyncio.sleep(0)  # others take their turns: nothing here may have waited


async def _written(form: Form[V], rows: Sequence[V]) -> str:
    """Write rows, a few at a time: those with long texts take a while."""
    texts = []
    for first in range(0, len(rows), AT_ONCE):
        texts.append(form.write(rows[first : first + AT_ONCE]))
        await asyncio.sleep(0)
    return "".join(texts)


def _as_json_lines(rows: Iterable[Struct]) -> str:
    return "".join(f"{_encode(row).decode()}\n" for row in rows)
