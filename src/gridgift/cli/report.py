"""``gridgift report``: what a store owes, and what happened to its credit, in sums."""

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any, Final, get_args

import typer

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import StoreOptions, one_of
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import find_store, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.domain import activity, reports
from gridgift.domain.activity import Activity, Figure
from gridgift.domain.days import parse_day, parse_moment
from gridgift.domain.instants import format_instant
from gridgift.domain.periods import By
from gridgift.domain.reports import Cards, Ending, Liability, Sum
from gridgift.operations import Operations
from gridgift.report_views import ActivityResponse, EndingView, LiabilityResponse
from gridgift.storage.database import Operation, T

PARTS: Final = ("month", "source")  # by which what is owed can be divided
COUNTS: Final = {"CARDS", "LOTS"}  # columns of numbers that are no sums
STANDINGS: Final = ("OPEN", "DISABLED", "EXPIRED")

Cell = str | int
Rows = Iterable[Sequence[Cell]]

app = Commands(help="What the store owes, and what happened, in sums.", no_args_is_help=True)


def read_moment(text: str) -> int | date:
    """Read a date, or a date and time with an offset."""
    moment = parse_moment(text)
    if moment is None:
        raise typer.BadParameter(
            f"{text!r} is neither a date like 2026-11-30 nor a date and time like "
            "2026-11-30T12:00:00Z."
        )
    return moment


def read_day(text: str) -> date:
    """Read a date."""
    day = parse_day(text)
    if day is None:
        raise typer.BadParameter(f"{text!r} is not a date like 2026-11-30.")
    return day


AtOption = Annotated[
    Any,
    typer.Option(
        "--at",
        parser=read_moment,
        metavar="DATE",
        help="As it was at 2026-11-30T12:00:00Z, or at the end of the store's day 2026-11-30.",
    ),
]
PartOption = Annotated[
    str | None,
    typer.Option(
        "--by", parser=one_of(PARTS), metavar="PART", help="Divide cards by month or source."
    ),
]
ByOption = Annotated[
    By,
    typer.Option("--by", parser=one_of(get_args(By)), metavar="PERIOD", help="day, week or month."),
]
FromOption = Annotated[
    Any,
    typer.Option(
        "--from", parser=read_day, metavar="DATE", help="In the first period; else there are 12."
    ),
]
ToOption = Annotated[
    Any,
    typer.Option(
        "--to",
        parser=read_day,
        metavar="DATE",
        help="In the last one; else today, or the day of --at.",
    ),
]
DaysOption = Annotated[
    int,
    typer.Option(
        "--days",
        min=1,
        max=reports.MAX_DAYS,
        metavar="N",
        help="From today on, or from the day of --at.",
    ),
]
CsvOption = Annotated[bool, typer.Option("--csv", help="Answer in CSV, for spreadsheets.")]


@app.command("owed")
def owed(
    at: AtOption = None,
    by: PartOption = None,
    *,
    options: StoreOptions,
    as_csv: CsvOption = False,
) -> None:
    """Sum up what the store owes, now or at the end of a day."""
    found = _made(options, reports.liability, at)
    if options.json:
        print_json(LiabilityResponse.of(found))
        return
    if by is None:
        _print(("WHAT", "CARDS", "L$"), _summary(found), as_csv)
    else:
        parts = found.by_month if by == "month" else found.by_source
        _print((by.upper(), *STANDINGS), _divided(parts), as_csv)
    print_note(f"At {format_instant(found.at)}; months are those of {found.time_zone}.")


@app.command("granted")
def granted(
    first: FromOption = None,
    last: ToOption = None,
    by: ByOption = "month",
    *,
    at: AtOption = None,
    options: StoreOptions,
    as_csv: CsvOption = False,
) -> None:
    """Sum up what was given. That is cards granted, and store credit deposited."""
    found = _made(options, activity.activity, by, first, last, at)
    _print_activity(found, ("granted", "adjusted", "deposited"), options.json, as_csv)


@app.command("redeemed")
def redeemed(
    first: FromOption = None,
    last: ToOption = None,
    by: ByOption = "month",
    *,
    at: AtOption = None,
    options: StoreOptions,
    as_csv: CsvOption = False,
) -> None:
    """Sum up what was used. That is cards redeemed or captured, credit spent or refunded."""
    found = _made(options, activity.activity, by, first, last, at)
    _print_activity(found, ("redeemed", "captured", "spent", "refunded"), options.json, as_csv)


@app.command("expiring")
def expiring(
    days: DaysOption = 30,
    *,
    at: AtOption = None,
    options: StoreOptions,
    as_csv: CsvOption = False,
) -> None:
    """Sum up what ends on each of the next days. That is open cards, and store credit."""
    found = _made(options, reports.ending, days, at)
    if options.json:
        print_json([EndingView.of(each) for each in found])
        return
    headings = ("DAY", "CARDS", "CARDS L$", "LOTS", "CREDIT L$")
    _print(headings, map(_ending, found if as_csv else filter(_ends, found)), as_csv)


def _made(
    options: StoreOptions,
    report: Operation[..., T],
    *args: Any,
) -> T:
    """Make a report of the named store, or of the only one."""

    async def work(operations: Operations) -> T:
        store_id = await find_store(operations, options.store)
        return await operations.snapshot(report, store_id, *args)

    return run(read_settings(options.database), work, update=False)


def _summary(found: Liability) -> Rows:
    cards, credit = found.cards, found.credit
    yield "gift cards, open", cards.open.count, cards.open.amount
    yield "store credit", "", credit.unrestricted
    yield "store credit, restricted", "", credit.restricted
    yield "owed", "", found.owed
    yield "gift cards, disabled", cards.disabled.count, cards.disabled.amount
    yield "gift cards, expired", cards.expired.count, cards.expired.amount
    yield "store credit, expired", "", credit.expired


def _divided(parts: dict[str, Cards]) -> Rows:
    for name, cards in parts.items():
        yield name, cards.open.amount, cards.disabled.amount, cards.expired.amount


def _ends(ending: Ending) -> bool:
    return bool(ending.cards.count or ending.credit.count)


def _ending(ending: Ending) -> Sequence[Cell]:
    cards, credit = ending.cards, ending.credit
    day = ending.period.first.isoformat()
    return day, cards.count, cards.amount, credit.count, credit.amount


def _print_activity(found: Activity, figures: Sequence[Figure], json: bool, as_csv: bool) -> None:
    if json:
        print_json(ActivityResponse.of(found))
        return
    headings = ("FROM", *(figure.upper() for figure in figures))
    rows: list[Sequence[Cell]] = [
        (each.period.first.isoformat(), *_amounts(each.figures, figures)) for each in found.periods
    ]
    if not as_csv:
        rows.append(("in all", *_amounts(found.total, figures)))
    _print(headings, rows, as_csv)
    if not found.periods[-1].complete:
        print_note("The last period is not over yet.")


def _amounts(found: activity.Figures, figures: Sequence[Figure]) -> list[int]:
    sums: list[Sum] = [getattr(found, figure) for figure in figures]
    return [each.amount for each in sums]


def _print(headings: Sequence[str], rows: Rows, as_csv: bool) -> None:
    """Print sums: L$ 1,250 to the right for people, 1250 in CSV."""
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([headings, *rows])
        return
    columns = zip(headings, *(map(_shown, headings, row) for row in rows), strict=True)
    first, *sums = [list(column) for column in columns]
    lines = list(zip(first, *map(_to_the_right, sums), strict=True))
    print_table(lines[0], lines[1:])


def _to_the_right(column: Sequence[str]) -> list[str]:
    width = max(map(len, column))
    return [cell.rjust(width) for cell in column]


def _shown(heading: str, cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if heading in COUNTS else f"L$ {cell:,}"
