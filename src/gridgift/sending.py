"""Sends the cards of sendings: reads their rows, checks them, and grants some at a time.

Whoever says "send" waits for the first rows; the rest is done beside requests, by whichever server
comes to it, until all of it is done.
"""

import asyncio
import csv
import io
from collections.abc import Sequence
from itertools import islice
from typing import Final

import msgspec
from msgspec import Struct

from gridgift.csv_rows import CsvError
from gridgift.domain import bulk, imports, sendings, stores
from gridgift.domain.bulk import MAX_ROWS, GrantRow, Outcome, Skipped
from gridgift.domain.failures import Failure, ResidentNotFound, ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.import_failures import ImportTaken
from gridgift.domain.sendings import Sending
from gridgift.grant_csv import GrantCsv, Line
from gridgift.operations import Operations
from gridgift.reasons import reason

ROWS_AT_ONCE: Final = 100  # in one transaction: single writes go between
BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


class CheckedRow(Struct, frozen=True):
    """A row, and what would come of it: None if its card would be granted."""

    line: Line
    outcome: Outcome | None

    @property
    def asked(self) -> GrantRow | None:
        """What the row asks for, if it could be read and asks for a card."""
        return self.line.row if isinstance(self.line.row, GrantRow) else None


def open_csv(text: str, terms: str, zone: str) -> GrantCsv:
    """Read a sending's text from its beginning. Raises ``ValidationFailed`` of its ``file``."""
    otherwise = msgspec.json.decode(terms, type=dict[str, str])
    try:
        return GrantCsv(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), ""), zone, otherwise)
    except CsvError as error:
        raise ValidationFailed({"file": [f"can't be read: {error}"]}) from None


async def read_lines(text: str, terms: str, zone: str) -> list[Line]:
    """Read all rows, in a thread, so that others are answered meanwhile.

    Raises ``ValidationFailed`` of its ``file`` if it can't be read, has no row or too many.
    """
    grants = open_csv(text, terms, zone)
    lines = await asyncio.to_thread(lambda: list(islice(grants, MAX_ROWS + 1)))
    if not 1 <= len(lines) <= MAX_ROWS:
        raise ValidationFailed({"file": [f"must have from 1 to {MAX_ROWS:,} rows"]})
    return lines


async def check(operations: Operations, sending: Sending, zone: str) -> list[CheckedRow]:
    """Check all rows of a sending and change nothing."""
    lines = await read_lines(sending.text, sending.terms, zone)
    rows = [line.row for line in lines]
    outcomes = await operations.read(bulk.check, sending.store_id, rows, remember=False)
    return [CheckedRow(*pair) for pair in zip(lines, outcomes, strict=True)]


async def go_on(operations: Operations, store_id: str, sending_id: str) -> None:
    """Grant what is left of a sending's rows, and note that it is done.

    Another server may be at the same work: nothing is done twice, and one of them gives way.
    """
    sending, begun = await operations.read(sendings.find, store_id, sending_id)
    store = await operations.read(stores.read, store_id)
    if begun is not None and begun.finished_at is None:
        lines = await read_lines(sending.text, sending.terms, store.time_zone)
        try:
            for first in range(begun.rows_done, len(lines), ROWS_AT_ONCE):
                rows = [line.row for line in lines[first : first + ROWS_AT_ONCE]]
                ids = [new_id() for _ in rows]
                await operations.write(sendings.grant, sending, first, rows, ids, say=reason)
        except ImportTaken:
            return
    await operations.write(sendings.finish, sending, new_id())


def refused_of(checked: Sequence[CheckedRow]) -> dict[int, str]:
    """Return why rows would be refused, by their numbers, from 1 on."""
    return {
        number: reason(row.outcome)
        for number, row in enumerate(checked, 1)
        if isinstance(row.outcome, Failure)
    }


async def refusals_of(operations: Operations, sending: Sending) -> dict[int, str]:
    """The same of rows that were sent."""
    begun = imports.Import(sending.store_id, sending.digest)
    return dict(await operations.read(imports.refusals, begun, 0, MAX_ROWS))


def granted_of(checked: Sequence[CheckedRow]) -> list[GrantRow]:
    """Return what is asked for in the rows whose cards would be granted."""
    return [row.asked for row in checked if row.outcome is None and row.asked is not None]


def unknown_of(checked: Sequence[CheckedRow]) -> list[str]:
    """Return the usernames that nobody knows here, each once."""
    asked = (row.asked for row in checked if isinstance(row.outcome, ResidentNotFound))
    names = (each.identifier.username for each in asked if each is not None)
    return [*dict.fromkeys(name for name in names if name is not None)]


def skipped_of(checked: Sequence[CheckedRow]) -> int:
    """Count the rows that ask for no card, or for one that was granted before."""
    return sum(isinstance(row.outcome, Skipped) for row in checked)


def refused_csv(sending: Sending, zone: str, problems: dict[int, str]) -> str:
    """Write the refused rows as they stand in the text, each with its line and its problem."""
    grants, text = open_csv(sending.text, sending.terms, zone), io.StringIO()
    writer = csv.writer(text, delimiter=grants.delimiter, lineterminator="\r\n")
    writer.writerow(grants.report_header())
    for number, line in enumerate(grants, 1):
        if number in problems:
            writer.writerow(grants.report_row(line, problems[number]))
    return text.getvalue()
