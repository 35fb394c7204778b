"""Granting the rows of a file: any length, in bounded transactions, to be continued after a crash.

How far the file has come is kept in the database with the grants; what was refused is kept there
too, until the report of it is on disk.
"""

import csv
import hashlib
import os
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import typer
from msgspec import Struct

from gridgift.cli.importing import progress
from gridgift.cli.options import UsageError
from gridgift.cli.output import print_json, print_note, printable
from gridgift.cli.session import find_store, operator, run
from gridgift.domain import bulk, imports
from gridgift.domain.failures import Failure, ImportTaken
from gridgift.domain.ids import new_id
from gridgift.domain.imports import Import
from gridgift.domain.model import Caller
from gridgift.grant_csv import PROBLEM, CsvError, GrantCsv, Line
from gridgift.operations import Operations
from gridgift.settings import Settings

CHUNK: Final = 1_000  # rows in one transaction
PAGE: Final = 1_000  # refused rows that are read at once
BOM: Final = b"\xef\xbb\xbf"


class GrantOptions(Struct, frozen=True):
    """The arguments and options of ``card grant-many``."""

    file: Path
    store: str | None
    report: Path
    again: bool
    dry_run: bool
    json: bool


class Totals(Struct, frozen=True, rename="camel"):
    """The counts of a whole file; ``continued_after`` is how many rows earlier runs had done."""

    rows: int
    granted: int
    skipped: int
    refused: int
    continued_after: int
    report: str | None
    ignored_columns: list[str]
    dry_run: bool


def grant_file(settings: Settings, options: GrantOptions) -> None:
    """Grant a file's rows and report; exit with 1 if any row was refused."""
    _check_paths(options)

    async def work(operations: Operations) -> Totals:
        caller = operator(await find_store(operations, options.store))
        with options.file.open("rb") as file:
            if options.dry_run:
                return await _check_file(operations, options, file)
            return await _grant_file(operations, caller, options, file)

    totals = run(settings, work)
    if options.json:
        print_json(totals)
    else:
        _print_totals(totals)
    if totals.refused:
        raise typer.Exit(1)


async def _grant_file(
    operations: Operations, caller: Caller, options: GrantOptions, file: BufferedReader
) -> Totals:
    digest = hashlib.file_digest(file, "sha256").digest()
    grants, text = _open_csv(file)  # before anything is noted: it may be unreadable
    state = await operations.write(imports.begin, caller.store_id, digest, again=options.again)
    already = state.rows_done
    if already and not options.json:
        print_note(f"Continuing after row {already}.")
    lines = islice(grants, already, None)
    with progress(options.file, text, "Granting") as advance:
        while chunk := list(islice(lines, CHUNK)):
            state = await operations.write(
                imports.grant,
                caller,
                state,
                [line.row for line in chunk],
                [new_id() for _ in chunk],
            )
            advance()
    if state.refused:
        await _write_report(operations, state, options, file)
    await operations.write(imports.finish, state)
    return _totals(options, grants, state, already)


async def _check_file(
    operations: Operations, options: GrantOptions, file: BufferedReader
) -> Totals:
    """Check all rows and grant none; the report is written all the same."""
    grants, text = _open_csv(file)
    counts = {"granted": 0, "skipped": 0, "refused": 0}
    rows, lines = 0, iter(grants)
    with (
        _Report(options.report, grants, file) as report,
        progress(options.file, text, "Checking") as advance,
    ):
        while chunk := list(islice(lines, CHUNK)):
            rows += len(chunk)
            outcomes = await operations.read(
                bulk.check, [line.row for line in chunk], remember=True
            )
            for name, number in imports.count(outcomes).items():
                counts[name] += number
            for line, outcome in zip(chunk, outcomes, strict=True):
                if isinstance(outcome, Failure):
                    report.add(line, imports.problem(outcome))
            advance()
    return _totals(options, grants, Import("", b"", rows, **counts), 0)


async def _write_report(
    operations: Operations, state: Import, options: GrantOptions, file: BufferedReader
) -> None:
    """Write the refused rows as they stand in the file, in its order, each with its problem."""
    grants, _ = _open_csv(file)
    numbered, after = enumerate(grants, 1), 0
    with _Report(options.report, grants, file) as report:
        while page := await operations.read(imports.refusals, state, after, PAGE):
            problems = dict(page)
            after = page[-1][0]
            for number, line in numbered:
                if number in problems:
                    report.add(line, problems[number])
                if number == after:
                    break
        if report.rows != state.refused:  # another run has finished and forgotten them meanwhile
            raise ImportTaken


class _Report:
    """A CSV file like the one that was read, of the refused rows; it appears when it is whole."""

    def __init__(self, path: Path, grants: GrantCsv, file: BufferedReader) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.{os.getpid()}")
        self._csv = grants
        self._keep = [n for n, name in enumerate(grants.header) if name.lower() != PROBLEM]
        self._encoding = "utf-8-sig" if _starts_with_bom(file) else "utf-8"
        self.rows = 0

    def __enter__(self) -> "_Report":
        try:
            self._text = self._draft.open(
                "w", encoding=self._encoding, errors="surrogateescape", newline=""
            )
        except OSError as error:
            raise UsageError(f"The report {self._path} can't be written: {error.strerror}.") from (
                error
            )
        self._writer = csv.writer(self._text, delimiter=self._csv.delimiter, lineterminator="\n")
        self._writer.writerow([*(self._csv.header[n] for n in self._keep), PROBLEM])
        return self

    def add(self, line: Line, problem: str) -> None:
        """Add a refused row; one that could not be split into cells has its problem only."""
        cells = line.cells + [""] * (len(self._csv.header) - len(line.cells))
        rest = cells[len(self._csv.header) :]
        self._writer.writerow([*(cells[n] for n in self._keep), printable(problem), *rest])
        self.rows += 1

    def __exit__(self, sort: object, error: object, trace: object) -> None:
        self._text.flush()
        os.fsync(self._text.fileno())
        self._text.close()
        if error is None and self.rows:
            self._draft.replace(self._path)
        else:
            self._draft.unlink()


def _open_csv(file: BufferedReader) -> tuple[GrantCsv, TextIO]:
    """Read a file from its beginning. Raises ``UsageError`` if it is no CSV of grants."""
    text = open(  # noqa: SIM115 - the descriptor is the caller's
        file.fileno(), encoding="utf-8-sig", errors="surrogateescape", newline="", closefd=False
    )
    text.seek(0)
    try:
        return GrantCsv(text), text
    except CsvError as error:
        raise UsageError(f"The file can't be read: {error}.") from None


def _starts_with_bom(file: BufferedReader) -> bool:
    return os.pread(file.fileno(), len(BOM), 0) == BOM


def _check_paths(options: GrantOptions) -> None:
    if not options.file.is_file():
        raise UsageError(f"{options.file} is not a file: it is read more than once.")
    if options.report.exists() and options.report.samefile(options.file):
        raise UsageError("The report would take the place of the file: name another --report.")


def _totals(options: GrantOptions, grants: GrantCsv, state: Import, already: int) -> Totals:
    return Totals(
        rows=state.rows_done,
        granted=state.granted,
        skipped=state.skipped,
        refused=state.refused,
        continued_after=already,
        report=printable(options.report) if state.refused else None,
        ignored_columns=[printable(name) for name in grants.ignored],
        dry_run=options.dry_run,
    )


def _print_totals(totals: Totals) -> None:
    if totals.ignored_columns:
        print_note(f"Columns that mean nothing here: {', '.join(totals.ignored_columns)}.")
    verb = "would be granted" if totals.dry_run else "granted"
    print_note(
        f"{totals.rows} rows: {totals.granted} {verb}, {totals.skipped} without a gift card, "
        f"{totals.refused} refused."
    )
    if totals.report is not None:
        print_note(f"The refused rows are in {totals.report}; mend them and grant that file.")
