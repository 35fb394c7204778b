"""``gridgift card list``, and what is done to one card or to many."""

import csv
import io
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest

from gridgift.card_csv import FIELDS
from gridgift.domain.many import MAX_CHOSEN
from gridgift.domain.model import MAX_CREDIT
from gridgift.views import camel
from tests.api import KELLY
from tests.cli.commands import CommandRunner, Result
from tests.cli.conftest import add_store
from tests.cli.live import file_of
from tests.cli.test_credit import known_before
from tests.cli.test_grant_many import sql

UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"


@pytest.fixture
def cards(cli: CommandRunner, kelly: str) -> list[str]:
    """Three cards, of 1 to 3 L$."""
    return [cli.json("card", "grant", kelly, "--credit", n)["id"] for n in (1, 2, 3)]


def listed(cli: CommandRunner, *options: object) -> list[Any]:
    """Return the ids of the cards that are listed."""
    return [card["id"] for card in cli.json("card", "list", *options)]


def test_every_filter_of_the_search(cli: CommandRunner, cards: list[str]) -> None:
    first, second, third = cards
    cli.json("card", "disable", first)
    cli.json("card", "extend", second, "--expires", "never")
    cli.json("card", "tag", second, third, "--add", "vip")
    cli.json("card", "note", first, "Paid in-world")
    cli.json("card", "label", second, "--metadata", "order=17")
    for options, expected in (
        ((), cards),
        (("--owner", "kel"), cards),
        (("--owner", "Jo"), []),
        (("--active",), [second, third]),
        (("--disabled",), [first]),
        (("--inactive",), [first]),
        (("--redeemed",), []),
        (("--not-redeemed", "--not-expired"), cards),
        (("--expired",), []),
        (("--expiring-before", "2099-01-01"), []),
        (("--expiring-from", "2020-01-01"), []),
        (("--credit-from", 2), [second, third]),
        (("--credit-to", 2, "--tag", "vip"), [second]),
        (("--created-from", "2020-01-01", "--created-to", "9999-12-30"), cards),
        (("--created-from", "9999-12-30"), []),
        (("--created-to", "2020-01-01T00:00:00Z"), []),
        (("--source", "operator"), cards),
        (("--source", "key"), []),
        (("--reference", "order 7"), []),
        (("--note", "PAID"), [first]),
        (("--metadata", "order"), [second]),
        (("--metadata", "order=17", "--credit-from", 2), [second]),
        (("--metadata", "order=1"), []),
        (("--sort", "-credit"), cards[::-1]),
        (("--sort=-created", "--limit", 2), [third, second]),
        (("--limit", 1), [first]),
    ):
        assert listed(cli, *options) == expected, options
        if "--limit" not in options:
            assert cli("card", "list", *options, "--count").out == f"{len(expected)}\n"
    shown = cli("card", "list").out
    assert all(card in shown for card in cards) and "vip" in shown
    assert cli.json("card", "list", "--count") == {"count": 3}


def test_a_day_is_whole_and_the_stores(cli: CommandRunner, cards: list[str]) -> None:
    made = cli.json("card", "list", "--limit", 1)[0]["createdAt"]
    store = cli.json("store", "list")[0]["id"]
    cli.json("store", "update", store, "--time-zone", "UTC")
    day = made[:10]
    assert len(listed(cli, "--created-from", day, "--created-to", day)) >= 1
    assert len(listed(cli, "--created-from", made)) == 3
    assert listed(cli, "--created-to", made) == []


def test_a_card_ends_with_its_last_day(cli: CommandRunner, cards: list[str]) -> None:
    last = cli.json("card", "grant", "kelly", "--credit", 1, "--expires", "2098-12-31")["id"]
    for option, day, found in (
        ("--expiring-from", "2098-12-31", True), ("--expiring-from", "2099-01-01", False),
        ("--expiring-before", "2098-12-31", False), ("--expiring-before", "2099-01-01", True),
    ):  # fmt: skip
        assert listed(cli, option, day) == ([last] if found else []), (option, day)
    cli("card", "list", "--expiring-from", "soon").misused("must be a date")


def test_a_table_for_spreadsheets(cli: CommandRunner, cards: list[str]) -> None:
    cli.json("card", "tag", cards[0], "--add", "=1+1")
    text = cli("card", "list", "--csv").out
    heading, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert heading == [camel(name) for name in FIELDS]
    assert [row[0] for row in rows] == cards
    assert rows[0][heading.index("tags")] == "'=1+1"


def test_what_a_list_refuses(cli: CommandRunner, kelly: str) -> None:
    cli("card", "list", "--owner", "a b c").misused("begins no username")
    cli("card", "list", "--sort", "size").misused("created, credit")
    cli("card", "list", "--metadata", "=17").misused("NAME or NAME=TEXT")
    cli("card", "list", "--note", "").misused("1 to 200")
    cli("card", "list", "--created-from", "soon").misused("must be a date")
    cli("card", "list", "--expiring-before", "never").misused("must be a date")
    cli("card", "list", "--source", "x").misused("is not one of")
    cli("card", "list", "--tag", "a,b").misused("must be a tag of 1 to 40 printable")
    cli("card", "list", "--limit", 0).misused("--limit")
    cli("card", "list", "--csv", "--json").misused("can't go together")
    cli("card", "list", kelly, "--owner", "kelly").misused("can't go together")


def test_one_card_and_several(both: CommandRunner) -> None:
    owner = ("--owner", "kelly", "--owner-uuid", "c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f")
    assert both("store", "create", "Moonwall", *owner).code == 0
    cards = [both.json("card", "grant", "kelly", "--credit", n)["id"] for n in (1, 2, 3)]
    one = both.json("card", "disable", cards[0].upper(), "--reason", "lost")
    assert (one["changed"], one["unchanged"], one["refused"]) == (1, 0, 0)
    assert one["results"][0]["giftCard"]["active"] is False
    entries = both.json("card", "history", cards[0])
    assert (entries[-1]["kind"], entries[-1]["reason"]) == ("disabled", "lost")
    assert entries[-1]["actor"]["kind"] == "operator"
    again = both.json("card", "disable", *cards, cards[0])
    assert [result["outcome"] for result in again["results"]] == ["unchanged", "changed", "changed"]
    file_of(both, "ids.txt", "\n".join(["", *cards, ""]))
    assert both.json("card", "enable", "--ids", "ids.txt")["changed"] == 3
    dated = both.json("card", "extend", *cards, "--expires", "2099-01-31T12:00:00Z")
    assert dated["unchanged"] == 3, "they never expire"
    tagged = both.json("card", "tag", "--all", "--add", "vip", "--add", "東京", "--yes")
    assert [result["tags"] for result in tagged["results"]] == [["vip", "東京"]] * 3
    untagged = both.json("card", "tag", "--tag", "vip", "--remove", "vip", "--yes")
    assert untagged["changed"] == 3
    assert both("verify").code == 0


CUT_OFF = """
import sys
from gridgift.cli import card_actions, main
from gridgift.domain import many
card_actions.CARDS_AT_ONCE = 2
usual, parts = many.act_on_each, []

async def act_on_each(tx, caller, ids, *more, **how):
    parts.append(ids)
    if len(parts) > {parts}:
        raise KeyboardInterrupt
    return await usual(tx, caller, ids, *more, **how)

many.act_on_each = act_on_each
sys.argv = ["gridgift", *{words}]
main()
"""
KEY = ("--idempotency-key", "summer")


def in_twos(cli: CommandRunner, *words: object, parts: int = 99) -> Result:
    """Run a command that changes two cards at once, and is cut off after so many parts."""
    text = CUT_OFF.format(parts=parts, words=[*map(str, words)])
    return cli.program(file_of(cli, "cut_off.py", text))


@pytest.mark.contract("10.154")
@pytest.mark.parametrize("which", [("--ids", "ids.txt"), ("--credit-to", 5, "--yes")])
def test_what_was_cut_off_goes_on_under_its_key(
    both: CommandRunner, which: tuple[object, ...]
) -> None:
    """Each card is extended once, whatever the filter finds by then."""
    add_store(both, "Moonwall")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    grant = ("card", "grant", "kelly", "--expires", "2099-01-31", "--credit")
    cards = [both.json(*grant, n)["id"] for n in range(1, 6)]
    file_of(both, "ids.txt", "\n".join(cards))
    extend = ("card", "extend", *which, "--days", 1, *KEY, "--json")
    assert in_twos(both, *extend, parts=1).code != 0

    def ends() -> list[str]:
        return [both.json("card", "show", card)["expiresAt"][:10] for card in cards]

    assert ends() == ["2099-02-02"] * 2 + ["2099-02-01"] * 3
    both.json(*grant, 4)
    done = in_twos(both, *extend)
    assert (done.code, done.json["changed"], done.err) == (0, 5, "")
    assert [result["id"] for result in done.json["results"]] == cards
    assert ends() == ["2099-02-02"] * 5
    again = in_twos(both, *extend)
    assert (again.code, again.out) == (0, done.out)
    assert "done before" in again.err
    assert ends() == ["2099-02-02"] * 5
    other = ("card", "extend", *which, "--days", 2, *KEY)
    both(*other).refused(1, "already used for a different request")
    file_of(both, "ids.txt", "\n".join(cards[:4]))
    if "--ids" in which:
        in_twos(both, *extend).refused(1, "already used for a different request")
    assert ends() == ["2099-02-02"] * 5


@pytest.mark.contract("10.154")
def test_many_are_changed_once_under_a_key(cli: CommandRunner, cards: list[str]) -> None:
    done = []
    for words in (
        ("disable", "--created-from", "2020-01-01", "--active", "--yes"), ("enable", *cards),
        ("extend", cards[0], "--expires", "2099-01-31"), ("tag", "--all", "--add", "vip", "--yes"),
    ):  # fmt: skip
        command = ("card", *words, "--idempotency-key", words[0])
        done.append((command, cli.json(*command)))
        before = [cli.json("card", "history", card) for card in cards]
        assert cli.json(*command, "--yes") == done[-1][1]
        assert [cli.json("card", "history", card) for card in cards] == before
    assert [each["changed"] for _, each in done] == [3, 3, 0, 3]
    assert [cli.json(*command) for command, _ in done] == [each for _, each in done]
    assert cli.json("card", "disable", *cards, "--dry-run", "--idempotency-key", "tag")["dryRun"]
    alone = ("card", "disable", UNKNOWN, "--idempotency-key", "alone")
    for _ in range(2):
        cli(*alone).refused(1, f"no gift card {UNKNOWN}")
    file_of(cli, "ids.txt", "\n".join(str(UUID(int=n)) for n in range(MAX_CHOSEN + 1)))
    cli("card", "disable", "--ids", "ids.txt", *KEY).misused("Under a key at most 10000")


@pytest.mark.contract("10.154")
def test_a_key_of_the_program_before_is_known(both: CommandRunner) -> None:
    """It had no filters for notes and metadata; a command that has them is another one."""
    add_store(both, "Moonwall")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    card = both.json("card", "grant", "kelly", "--credit", 3)["id"]
    nothing = dict.fromkeys((
        "owner", "active", "redeemed", "expired", "expiring_from", "expiring_before",
        "created_from", "created_to", "source", "reference", "ids",
    ))  # fmt: skip
    asked = nothing | {
        "card_ids": None, "all_cards": False, "reason": "", "tag": None,
        "credit_from": 0, "credit_to": 5,
    }  # fmt: skip
    disable = ("card", "disable", "--credit-to", 5, "--yes", *KEY)
    done = both.json(*disable)
    known_before(both, "disable", asked)
    both.json("card", "enable", card)
    assert both.json(*disable) == done
    for filters in (("--note", "x"), ("--metadata", "order")):
        both(*disable, *filters).refused(1, "already used for a different request")
    assert both.json("card", "show", card)["active"]
    named = ("card", "disable", card, "--idempotency-key", "named")
    sql(both, "DELETE FROM idempotency_keys")
    done = both.json(*named)
    known_before(both, "disable", asked | {"card_ids": [card], "credit_to": MAX_CREDIT})
    assert both.json(*named) == done


def test_ids_from_standard_input(cli: CommandRunner, cards: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gridgift", "card", "disable", "--ids", "-"],
        cwd=cli.folder,
        env=cli.environ,
        input="\n".join(cards),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("changed") == 3


def test_a_dry_run_and_a_question_before(cli: CommandRunner, cards: list[str]) -> None:
    before = cli.json("card", "list")
    shown = cli.json("card", "disable", "--credit-from", 2, "--dry-run")
    assert (shown["changed"], shown["dryRun"]) == (2, True)
    asked = cli("card", "disable", "--credit-from", 2)
    assert (asked.code, asked.out) == (2, "")
    assert "2 gift cards: 2 to change" in asked.err and "--yes" in asked.err
    assert cli.json("card", "list") == before
    done = cli.json("card", "disable", "--credit-from", 2, "--yes")
    assert done["results"] == [
        each | {"giftCard": each["giftCard"] | {"updatedAt": real["giftCard"]["updatedAt"]}}
        for each, real in zip(shown["results"], done["results"], strict=True)
    ]
    assert listed(cli, "--disabled") == cards[1:]


def test_refused_cards(cli: CommandRunner, cards: list[str]) -> None:
    cli("card", "disable", UNKNOWN).refused(1, f"no gift card {UNKNOWN}")
    several = cli("card", "disable", cards[0], UNKNOWN)
    assert several.code == 1
    assert "no gift card" in several.out
    assert listed(cli, "--disabled") == cards[:1]


def test_which_cards_must_be_clear(cli: CommandRunner, cards: list[str]) -> None:
    file_of(cli, "ids.txt", f"{cards[0]}\nx\n")
    disable = ("card", "disable")
    cli(*disable).misused("Which cards?")
    cli(*disable, cards[0], "--active").misused("not both")
    cli(*disable, "--all", "--active", "--yes").misused("--all goes with no filter")
    cli(*disable, "x").misused("not a UUID")
    cli(*disable, "--ids", "ids.txt").misused("ids.txt, line 2", "not a UUID")
    cli(*disable, "--ids", "none.txt").misused("none.txt can't be read")
    cli("card", "extend", cards[0]).misused("--expires or --days")
    cli("card", "extend", cards[0], "--days", 0).misused("--days")
    cli("card", "extend", cards[0], "--days", 1, "--expires", "never").misused("--expires or")
    cli("card", "extend", cards[0], "--expires", "2020-01-01").refused(1, "must be in the future")
    cli("card", "tag", cards[0]).misused("--add or --remove")
    cli("card", "tag", cards[0], "--add", "a", "--remove", "a").misused("both added and removed")
    cli("card", "tag", cards[0], "--add", "a,b").misused("must be a tag of 1 to 40 printable")
    assert listed(cli, "--active") == cards
