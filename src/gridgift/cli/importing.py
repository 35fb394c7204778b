"""The import of residents from a CSV file: any length, in bounded batches, with a report."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import typer
from msgspec import Struct, field

from gridgift.app import opened
from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.files import private_copy, progress
from gridgift.cli.options import UsageError
from gridgift.cli.output import print_json, print_note, printable
from gridgift.cli.recorded import RecordedOperations
from gridgift.cli.session import system_user
from gridgift.csv_rows import CsvError, CsvRows, find_columns
from gridgift.domain import residents, texts
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import Resident
from gridgift.domain.residents import read_resident
from gridgift.grant_csv import RESIDENT_COLUMNS
from gridgift.operations import Operations
from gridgift.settings import Settings

BATCH: Final = 500  # rows in one transaction
MAX_REPORTED: Final = 10_000  # refusals that the JSON report lists; all are counted


class Refusal(Struct, frozen=True):
    """A row that was not imported, by its first line in the file, and why."""

    line: int
    reason: str


class Report(Struct):
    """How many rows were imported and refused, and the first refusals."""

    imported: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)


Row = tuple[int, Resident]  # with the number of its first line


def import_residents(settings: Settings, file: Path, *, reassign: bool, json: bool) -> None:
    """Import a file and report; exit with 1 if any row was refused."""
    report = asyncio.run(_import(settings, file, reassign, quiet=json))
    if json:
        print_json(report)
    else:
        imported = texts.counted(report.imported, "resident")
        print_note(f"{imported} imported, {report.refused} refused.")
    if report.refused:
        raise typer.Exit(ExitCode.REFUSED)


async def _import(settings: Settings, file: Path, reassign: bool, *, quiet: bool) -> Report:
    report = Report()
    with private_copy(file) as copy, copy.text() as text:
        rows = _rows(text)  # the header is read before a database is made
        async with opened(settings, create=True) as database:
            operations = RecordedOperations(database, system_user())
            with progress(copy.size, text, "Importing") as advance:
                while batch := list(islice(rows, BATCH)):
                    for refusal in await _import_batch(operations, batch, reassign, report):
                        _note(report, refusal, quiet)
                    advance()
    return report


async def _import_batch(
    operations: Operations, batch: list[Row | Refusal], reassign: bool, report: Report
) -> list[Refusal]:
    """Import the readable rows of a batch; return all refusals, in order."""
    good = [row for row in batch if not isinstance(row, Refusal)]
    outcomes = await operations.write(
        residents.remember_each, [resident for _, resident in good], reassign=reassign
    )
    refused = [
        Refusal(number, outcome.detail)
        for (number, _), outcome in zip(good, outcomes, strict=True)
        if isinstance(outcome, Failure)
    ]
    report.imported += len(good) - len(refused)
    unreadable = [row for row in batch if isinstance(row, Refusal)]
    return sorted(refused + unreadable, key=lambda refusal: refusal.line)


def _rows(text: TextIO) -> Iterator[Row | Refusal]:
    """Read residents. Raises ``UsageError`` for a bad header."""
    try:
        found = CsvRows(text)
        columns = find_columns(found.header, RESIDENT_COLUMNS)
        if len(columns) < len({*RESIDENT_COLUMNS.values()}):
            raise CsvError(
                "the first line must name the columns, one of them username (or name, customer) "
                "and one uuid (or key): username,uuid"
            )
    except CsvError as error:
        raise UsageError(f"The file can't be read: {error}.") from None
    username, uuid = columns["username"], columns["uuid"]

    def is_row(cells: list[str]) -> bool:
        return len(cells) == len(found.header) and not isinstance(
            _read(0, cells[username], cells[uuid]), Refusal
        )

    return (
        _read(row.line, row.cells[username], row.cells[uuid])
        if row.fault is None
        else Refusal(row.line, f"The row {row.fault}.")
        for row in found.rows(columns.values(), is_row)
    )


def _read(line: int, username: str, uuid: str) -> Row | Refusal:
    try:
        return line, read_resident(username.strip()[:128], _uuid(uuid.strip()))
    except ValidationFailed as failure:
        return Refusal(
            line, " ".join(f"{name}: {said[0]}." for name, said in failure.errors.items())
        )


def _uuid(text: str) -> str:
    uuid = parse_uuid(text)
    if uuid is None:
        said = f"{text[:64]!r} is not a UUID" if text else "is missing"
        raise ValidationFailed({"uuid": [said]})
    return uuid


def _note(report: Report, refusal: Refusal, quiet: bool) -> None:
    report.refused += 1
    if not quiet:
        print_note(f"line {refusal.line}: {refusal.reason}")
    elif report.refused <= MAX_REPORTED:
        report.refusals.append(Refusal(refusal.line, printable(refusal.reason)))
