"""``gridgift report``: the same sums as the API's, in tables, CSV and JSON."""

import csv
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gridgift.domain.model import MAX_CREDIT
from tests.api import KELLY
from tests.cli.commands import CommandRunner

WHY = ("--reason", "why", "--reference", "order 7")
WIDTH = 80  # columns of a terminal


@pytest.fixture
def books(both: CommandRunner) -> CommandRunner:
    """A store in which cards were granted, and store credit deposited and spent, in one day."""
    stay_in_a_day()
    both.json("store", "create", "Moonwall", "--owner", "kelly", "--owner-uuid", KELLY.uuid)
    soon = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT12:00:00Z")
    both.json("card", "grant", "kelly", "--credit", MAX_CREDIT)
    both.json("card", "grant", "kelly", "--credit", 1_250, "--expires", soon)
    both.json("card", "grant", "kelly", "--credit", 30)
    both.json("credit", "deposit", "kelly", "--amount", 1_000, *WHY)
    both.json("credit", "deposit", "kelly", "--amount", 7, "--restricted", "--expires", soon, *WHY)
    both.json("credit", "spend", "kelly", "--amount", 300, *WHY)
    return both


def stay_in_a_day() -> None:
    """Begin no test in the last minutes of a day in Second Life: it may end in the next one."""
    now = datetime.now(ZoneInfo("America/Los_Angeles"))
    if (now.hour, now.minute >= 57) == (23, True):
        time.sleep(60 * (60 - now.minute))


def table(cli: CommandRunner, *command: str) -> list[list[str]]:
    """Run a command; return its lines as cells, none of them too long for a terminal."""
    shown = cli("report", *command)
    assert shown.code == 0, shown
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len({len(line.rstrip()) for line in lines}) == 1, "the last column ends at its right"
    return [line.split() for line in lines]


def rows(cli: CommandRunner, *command: str) -> list[list[str]]:
    """Run a command with --csv."""
    shown = cli("report", *command, "--csv")
    assert shown.code == 0, shown
    return [*csv.reader(shown.out.splitlines())]


def test_what_is_owed(books: CommandRunner) -> None:
    cards = MAX_CREDIT + 1_280
    shown = table(books, "owed")
    assert shown[0] == ["WHAT", "CARDS", "L$"]
    assert ["owed", "L$", f"{cards + 707:,}"] in shown
    assert ["gift", "cards,", "open", "3", "L$", f"{cards:,}"] in shown
    assert ["owed", "", str(cards + 707)] in rows(books, "owed")
    answer = books.json("report", "owed")
    assert answer["owed"] == cards + 707
    assert answer["storeCredit"] == {"unrestricted": 700, "restricted": 7, "expired": 0}
    then = books.json("report", "owed", "--at", answer["at"])  # by the entries
    assert then == answer
    assert books.json("report", "owed", "--at", "2026-01-31")["owed"] == 0


@pytest.mark.parametrize("by", ["month", "source"])
def test_what_is_owed_by_parts(books: CommandRunner, by: str) -> None:
    heading, part = table(books, "owed", "--by", by)
    assert heading == [by.upper(), "OPEN", "DISABLED", "EXPIRED"]
    assert part[1:] == ["L$", f"{MAX_CREDIT + 1_280:,}", "L$", "0", "L$", "0"]
    assert rows(books, "owed", "--by", by)[1:] == [[part[0], str(MAX_CREDIT + 1_280), "0", "0"]]


def test_what_was_granted_and_redeemed(books: CommandRunner) -> None:
    given = table(books, "granted")
    assert given[0] == ["FROM", "GRANTED", "ADJUSTED", "DEPOSITED"]
    assert len(given) == 14
    assert given[-1][2:] == ["L$", f"{MAX_CREDIT + 1_280:,}", "L$", "0", "L$", "1,007"]
    used = table(books, "redeemed", "--by", "day")
    assert used[0] == ["FROM", "REDEEMED", "CAPTURED", "SPENT", "REFUNDED"]
    assert used[-2][-4:] == used[-1][-4:] == ["L$", "300", "L$", "0"]
    assert [row[3] for row in rows(books, "redeemed", "--by", "week")][-1] == "300"
    answer: Any = books.json("report", "granted")
    assert answer == books.json("report", "redeemed")
    assert answer["total"]["granted"] == {"count": 3, "amount": MAX_CREDIT + 1_280}


def test_what_expires(books: CommandRunner) -> None:
    (heading, day) = table(books, "expiring")
    assert heading == ["DAY", "CARDS", "CARDS", "L$", "LOTS", "CREDIT", "L$"]
    assert day[1:] == ["1", "L$", "1,250", "1", "L$", "7"]
    assert len(rows(books, "expiring", "--days", "5")) == 6
    days = {each["day"]: each["giftCards"]["amount"] for each in books.json("report", "expiring")}
    assert (len(days), days[day[0]]) == (30, 1_250)


def test_what_was_said_then(books: CommandRunner) -> None:
    then = books.json("report", "owed")["at"]
    days = ("30", "5")
    said = [books.json("report", "expiring", "--days", each) for each in days]
    (lines, csv_lines) = table(books, "expiring"), rows(books, "expiring")
    given, used = (books.json("report", each, "--by", "day") for each in ("granted", "redeemed"))
    for card in books.json("card", "list", "kelly"):
        books.json("card", "disable", card["id"])
    books.json("credit", "spend", "kelly", "--amount", 707, "--restricted", *WHY)
    books.json("credit", "deposit", "kelly", "--amount", 9, *WHY)
    assert [day for day in books.json("report", "expiring") if day["giftCards"]["count"]] == []
    at = ("--at", then)
    assert [books.json("report", "expiring", "--days", each, *at) for each in days] == said
    assert (table(books, "expiring", *at), rows(books, "expiring", *at)) == (lines, csv_lines)
    assert books.json("report", "granted", "--by", "day", *at) == given
    assert books.json("report", "redeemed", "--by", "day", *at) == used
    assert rows(books, "redeemed", *at)[-1][3] == "300"
    assert rows(books, "redeemed")[-1][3] == "1007"
    assert table(books, "expiring", "--at", "2026-01-31") == [lines[0]]


def test_what_is_not_understood(books: CommandRunner) -> None:
    books("report", "owed", "--at", "2999-01-31").refused(1, "--at", "future")
    books("report", "owed", "--at", "yesterday").misused("yesterday")
    books("report", "owed", "--by", "day").misused("month, source")
    books("report", "granted", "--by", "year").misused("day, week, month")
    books("report", "granted", "--from", "2999-01-31").refused(1, "--from: must not be after --to")
    books("report", "redeemed", "--to", "2999-01-31").refused(1, "--to", "future")
    books("report", "granted", "--from", "2026-13-01").misused("2026-13-01")
    books("report", "expiring", "--days", "0").misused("--days")
    books("report", "expiring", "--at", "2999-01-31").refused(1, "--at", "future")
    books("report", "expiring", "--at", "1999-12-31").refused(1, "--at", "before 2000-01-01")
    books("report", "granted", "--at", "2999-01-31").refused(1, "--at", "future")
    books("report", "granted", "--at", "1999-12-31").refused(1, "--at", "before 2000-01-01")
    books("report", "redeemed", "--to", "1999-12-31").refused(1, "--to", "before 2000-01-01")
    books("report", "redeemed", "--at", "2026-01-31", "--to", "2026-02-01").refused(
        1, "--to", "after"
    )
