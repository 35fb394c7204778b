"""The import of residents from a CSV file: any length, in bounded batches, with a report."""

import asyncio
import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import typer
from msgspec import Struct, field
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gridgift.app import opened
from gridgift.cli.options import UsageError
from gridgift.cli.output import print_json, print_note, printable
from gridgift.cli.store import read_resident
from gridgift.domain import residents
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import Resident
from gridgift.operations import Operations
from gridgift.settings import Settings

BATCH: Final = 500  # lines in one transaction
MAX_REPORTED: Final = 10_000  # refusals that the JSON report lists; all are counted


class Refusal(Struct, frozen=True):
    """A line that was not imported, and why."""

    line: int
    reason: str


class Report(Struct):
    """How many lines were imported and refused, and the first refusals."""

    imported: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)


Line = tuple[int, Resident]


def import_residents(settings: Settings, file: Path, *, reassign: bool, json: bool) -> None:
    """Import a file and report; exit with 1 if any line was refused."""
    report = asyncio.run(_import(settings, file, reassign, quiet=json))
    if json:
        print_json(report)
    else:
        print_note(f"{_count(report.imported, 'resident')} imported, {report.refused} refused.")
    if report.refused:
        raise typer.Exit(1)


async def _import(settings: Settings, file: Path, reassign: bool, *, quiet: bool) -> Report:
    report = Report()
    async with opened(settings) as database:
        operations = Operations(database)
        # What is not UTF-8 becomes surrogates, which no username has: its line is refused.
        with (
            file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
            progress(file, text, "Importing") as advance,
        ):
            lines = _lines(text)
            while batch := list(islice(lines, BATCH)):
                for refusal in await _import_batch(operations, batch, reassign, report):
                    _note(report, refusal, quiet)
                advance()
    return report


async def _import_batch(
    operations: Operations, batch: list[Line | Refusal], reassign: bool, report: Report
) -> list[Refusal]:
    """Import the readable lines of a batch; return all refusals, in order."""
    good = [line for line in batch if not isinstance(line, Refusal)]
    outcomes = await operations.write(
        residents.remember_each, [resident for _, resident in good], reassign=reassign
    )
    refused = [
        Refusal(number, outcome.detail)
        for (number, _), outcome in zip(good, outcomes, strict=True)
        if isinstance(outcome, Failure)
    ]
    report.imported += len(good) - len(refused)
    unreadable = [line for line in batch if isinstance(line, Refusal)]
    return sorted(refused + unreadable, key=lambda refusal: refusal.line)


def _lines(text: TextIO) -> Iterator[Line | Refusal]:
    """Read residents, each with its line's number. Raises ``UsageError`` for a bad header."""
    reader = csv.reader(text, strict=True)
    username, uuid = _columns(reader)
    while True:
        try:
            row = next(reader)
            if row:
                yield reader.line_num, _resident(row, username, uuid)
        except StopIteration:
            return
        except (csv.Error, ValidationFailed) as error:
            yield Refusal(reader.line_num, _why(error))


def _columns(reader: Any) -> tuple[int, int]:
    try:
        header = [name.strip().lower() for name in next(reader, [])]
    except csv.Error:
        header = []
    if header.count("username") != 1 or header.count("uuid") != 1:
        raise UsageError(
            "The file's first line must name its columns, "
            "one of them username and one uuid: username,uuid"
        )
    return header.index("username"), header.index("uuid")


def _resident(row: list[str], username: int, uuid: int) -> Resident:
    if len(row) <= max(username, uuid):
        raise ValidationFailed({"line": ["has too few columns"]})
    parsed = parse_uuid(row[uuid].strip())
    if parsed is None:
        raise ValidationFailed({"uuid": [f"{row[uuid].strip()[:64]!r} is not a UUID"]})
    return read_resident(row[username].strip()[:128], parsed)


def _why(error: csv.Error | ValidationFailed) -> str:
    if isinstance(error, csv.Error):
        return f"The line is not CSV: {error}."
    return " ".join(f"{name}: {said[0]}." for name, said in error.errors.items())


def _note(report: Report, refusal: Refusal, quiet: bool) -> None:
    report.refused += 1
    if not quiet:
        print_note(f"line {refusal.line}: {refusal.reason}")
    elif report.refused <= MAX_REPORTED:
        report.refusals.append(Refusal(refusal.line, printable(refusal.reason)))


@contextmanager
def progress(file: Path, text: TextIO, doing: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar in a terminal; yield a function that moves it to the file's position."""
    size = file.stat().st_size or None  # a pipe has none: its bar has no end
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(doing, total=size)

        def advance() -> None:
            if size is not None:
                bar.update(task, completed=text.buffer.tell())

        yield advance


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
