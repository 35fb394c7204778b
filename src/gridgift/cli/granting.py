"""Granting the rows of a file: any length, in bounded transactions, to be continued after a crash.

How far the file has come is kept in the database with the grants; what was refused is kept there
too, until the report of it is on disk.
"""

from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import typer
from msgspec import Struct

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.files import Copied, private_copy, progress
from gridgift.cli.options import UsageError
from gridgift.cli.output import print_json, print_note, printable
from gridgift.cli.refused import RefusedRows, ReportUnwritable
from gridgift.cli.session import operator, read_store, run
from gridgift.csv_rows import CsvError
from gridgift.domain import bulk, imports, texts
from gridgift.domain.failures import Failure
from gridgift.domain.ids import new_id
from gridgift.domain.import_failures import ImportTaken
from gridgift.domain.imports import Import
from gridgift.domain.model import Store
from gridgift.grant_csv import GrantCsv
from gridgift.operations import Operations
from gridgift.settings import Settings

CHUNK: Final = 1_000  # rows in one transaction
PAGE: Final = 1_000  # refused rows that are read at once


class GrantOptions(Struct, frozen=True):
    """The arguments and options of ``card grant-many``, and whether it takes unknown UUIDs."""

    file: Path
    store: str | None
    report: Path
    again: bool
    dry_run: bool
    json: bool
    accept: bool = False


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

    async def work(operations: Operations) -> Totals:
        store = await read_store(operations, options.store)
        with private_copy(options.file) as copy:
            if options.dry_run:
                return await _check_file(operations, store, options, copy)
            return await _grant_file(operations, store, options, copy)

    totals = run(settings, work, update=not options.dry_run)
    if options.json:
        print_json(totals)
    else:
        _print_totals(totals)
    if totals.refused:
        raise typer.Exit(ExitCode.REFUSED)


async def _grant_file(
    operations: Operations, store: Store, options: GrantOptions, copy: Copied
) -> Totals:
    grants, text = _open_csv(copy, store)  # before anything is noted: it may be unreadable
    state = await operations.write(
        imports.begin, store.id, copy.digest, again=options.again, name=options.file.name
    )
    caller, already = operator(store.id), state.rows_done
    if already and not options.json:
        print_note(f"Continuing after row {already}.")
    lines = islice(grants, already, None)
    with progress(copy.size, text, "Granting") as advance:
        while chunk := list(islice(lines, CHUNK)):
            state = await operations.write(
                imports.grant,
                caller,
                state,
                [line.row for line in chunk],
                [new_id() for _ in chunk],
                accept=options.accept,
            )
            advance()
    try:
        report = await _write_report(operations, store, state, options, copy)
    except ReportUnwritable as error:
        raise ReportUnwritable(
            f"{error} {state.granted} of {state.rows_done} rows were granted. The same command, "
            f"with another --report if need be, lists the {state.refused} that were refused."
        ) from error
    amount = await operations.read(imports.amount_of, state)
    await operations.write(imports.finish, caller, state, new_id(), amount)
    return _totals(options, grants, state, report, already)


async def _check_file(
    operations: Operations, store: Store, options: GrantOptions, copy: Copied
) -> Totals:
    """Check all rows and grant none; the report is written all the same."""
    grants, text = _open_csv(copy, store)
    counts = {"granted": 0, "skipped": 0, "refused": 0}
    rows, lines = 0, iter(grants)
    with (
        _report(options, grants, copy) as report,
        progress(copy.size, text, "Checking") as advance,
    ):
        while chunk := list(islice(lines, CHUNK)):
            rows += len(chunk)
            chosen = [line.row for line in chunk]
            outcomes = await operations.read(bulk.check, store.id, chosen, accept=options.accept)
            for name, number in imports.count(outcomes).items():
                counts[name] += number
            for line, outcome in zip(chunk, outcomes, strict=True):
                if isinstance(outcome, Failure):
                    report.add(line, imports.problem(outcome))
            advance()
    return _totals(
        options,
        grants,
        Import("", b"", rows, counts["granted"], counts["skipped"], counts["refused"]),
        report.path,
    )


async def _write_report(
    operations: Operations, store: Store, state: Import, options: GrantOptions, copy: Copied
) -> Path | None:
    """Write the refused rows as they stand in the file, in its order, each with its problem."""
    if not state.refused:
        return None
    grants, _ = _open_csv(copy, store)
    numbered, after = enumerate(grants, 1), 0
    with _report(options, grants, copy) as report:
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
    return report.path


def _open_csv(copy: Copied, store: Store) -> tuple[GrantCsv, TextIO]:
    """Read a file from its beginning. Raises ``UsageError`` if it is no CSV of grants."""
    text = copy.text()
    try:
        return GrantCsv(text, store.time_zone), text
    except CsvError as error:
        raise UsageError(f"The file can't be read: {error}.") from None


def _report(options: GrantOptions, grants: GrantCsv, copy: Copied) -> RefusedRows:
    return RefusedRows(options.report, grants, "utf-8-sig" if copy.has_bom() else "utf-8")


def _totals(
    options: GrantOptions, grants: GrantCsv, state: Import, report: Path | None, already: int = 0
) -> Totals:
    return Totals(
        rows=state.rows_done,
        granted=state.granted,
        skipped=state.skipped,
        refused=state.refused,
        continued_after=already,
        report=None if report is None else printable(report),
        ignored_columns=[printable(name) for name in grants.ignored],
        dry_run=options.dry_run,
    )


def _print_totals(totals: Totals) -> None:
    if totals.ignored_columns:
        print_note(f"Columns that mean nothing here: {', '.join(totals.ignored_columns)}.")
    verb = "would be granted" if totals.dry_run else "granted"
    why = " (no gift card in them, or granted before)" if totals.skipped else ""
    print_note(
        f"{texts.counted(totals.rows, 'row')}: {totals.granted} {verb}, {totals.skipped} skipped"
        f"{why}, {totals.refused} refused."
    )
    if totals.report is not None:
        print_note(f"The refused rows are in {totals.report}; mend them and grant that file.")
