"""``gridgift import``: the files that were granted, and undoing one."""

from typing import Any

import pytest

from tests.api import JO, KELLY
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.cli.live import file_of

ROWS = "identifier,credit,reference\nkelly,1,\nkelly,2,\nkelly,3,\njo.winter,4,order 7\n"


@pytest.fixture
def imported(both: CommandRunner) -> list[Any]:
    """Four cards that a file made."""
    add_store(both, "Moonwall Couture")
    for resident in (KELLY, JO):
        both.json("resident", "add", resident.username, resident.uuid)
    file_of(both, "prizes.csv", ROWS)
    assert both("card", "grant-many", "prizes.csv").code == 0
    return list(both.json("card", "list"))


def undo(both: CommandRunner, *options: object) -> Any:
    """Undo the only import."""
    (listed,) = both.json("import", "list")
    return both.json("import", "undo", listed["id"], *options)


def active(both: CommandRunner) -> list[Any]:
    """Return what the active cards are worth, in L$."""
    return [card["credit"] for card in both.json("card", "list", "--active")]


def test_untouched_cards_are_disabled_and_the_others_are_listed(
    both: CommandRunner, imported: list[Any]
) -> None:
    by_hand = both.json("card", "grant", "kelly", "--credit", 9)
    held, noted, plain, other = [card["id"] for card in imported]
    both.json("hold", "place", held, "--amount", 1, "--for", "1h")
    both.json("card", "tag", noted, "--add", "vip")
    before = both.json("card", "list")
    kept = [{"id": held, "because": "held"}, {"id": noted, "because": "labelled"}]
    shown = undo(both, "--dry-run")
    assert (shown["dryRun"], shown["disabled"], shown["kept"]) == (True, 2, kept)
    assert both.json("card", "list") == before
    done = undo(both)
    assert done == shown | {"dryRun": False}
    assert active(both) == [1, 2, by_hand["credit"]]
    (listed,) = both.json("import", "list")
    assert (listed["file"], listed["granted"], listed["id"]) == ("prizes.csv", 4, done["id"])
    assert listed["undoneAt"] is not None
    for card in (plain, other):
        *_, last = both.json("card", "history", card)
        assert (last["kind"], done["id"] in last["reason"]) == ("disabled", True)
    again = undo(both)
    assert (again["disabled"], again["disabledBefore"], again["kept"]) == (0, 2, kept)
    both.json("card", "enable", plain)
    third = undo(both)
    assert third["kept"] == sorted(
        [*kept, {"id": plain, "because": "enabled"}], key=lambda each: each["id"]
    )
    assert both("verify").code == 0


def test_what_people_are_told(cli: CommandRunner, kelly: str) -> None:
    """A row under a reference that a card has is skipped too; where none is kept is no table."""
    file_of(cli, "prizes.csv", f"identifier,credit,reference\n{kelly},5,order 7\n")
    assert "1 row: 1 granted, 0 skipped, 0 refused." in cli("card", "grant-many", "prizes.csv").err
    (listed,) = cli.json("import", "list")
    undone = cli("import", "undo", listed["id"])
    assert (undone.out, undone.err) == ("", "1 gift card disabled; 0 kept.\n")
    again = cli("card", "grant-many", "prizes.csv").err
    assert "1 row: 0 granted, 1 skipped (no gift card in them, or granted before)" in again


def test_a_note_of_the_file_is_no_touch(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    file_of(
        both, "prizes.csv", "identifier,credit,card note\nkelly,1,hunt\nkelly,2,hunt\nkelly,3,\n"
    )
    assert both("card", "grant-many", "prizes.csv").code == 0
    first, second, third = (card["id"] for card in both.json("card", "list"))
    both.json("card", "note", second, "for the winner")
    both.json("card", "note", third, "for the winner")
    kept = [{"id": card, "because": "noted"} for card in (second, third)]
    done = undo(both)
    assert (done["disabled"], done["kept"]) == (1, kept)
    assert active(both) == [2, 3]
    *_, last = both.json("card", "history", first)
    assert last["kind"] == "disabled"


def test_the_file_can_be_granted_again(both: CommandRunner, imported: list[Any]) -> None:
    """It makes new cards, but for the row whose reference a card has."""
    undo(both)
    assert active(both) == []
    granted = both.json("card", "grant-many", "prizes.csv")
    assert (granted["granted"], granted["skipped"]) == (3, 1)
    assert active(both) == [1, 2, 3]
    both("card", "grant-many", "prizes.csv").refused(1, "granted before")
    (listed,) = both.json("import", "list")
    assert (listed["granted"], listed["undoneAt"]) == (3, None)
    both.json("card", "grant-many", "prizes.csv", "--again")
    done = undo(both)
    assert (done["disabled"], done["disabledBefore"]) == (6, 4), "all cards that it ever made"
    assert active(both) == []


def test_which_import_is_meant(both: CommandRunner, imported: list[Any]) -> None:
    (listed,) = both.json("import", "list")
    unknown = "0" * 12 if not listed["id"].startswith("0") else "1" * 12
    both("import", "undo", unknown).refused(1, "No import of this store has an id that begins")
    both("import", "undo", "x").misused("no import's id")
    both("import", "undo", listed["id"][:5]).misused("no import's id")
    assert active(both) == [1, 2, 3, 4]
    assert both.json("import", "undo", listed["id"][:6].upper())["disabled"] == 4
    elsewhere = add_store(both, "Elsewhere")
    assert both.json("import", "list", "--store", elsewhere) == []
    both("import", "undo", listed["id"], "--store", elsewhere).refused(1, "No import")
