"""What commands change stands in Audit, whichever command it is."""

import asyncio
import getpass
import re
from importlib.resources import files
from typing import Any

from gridgift.cli.recorded import UNRECORDED
from gridgift.dashboard.pages.audit import IN_A_SHELL
from tests.api import JO, KELLY
from tests.cli.commands import CommandRunner
from tests.cli.live import file_of
from tests.cli.test_migrate import CHANGING, LOOKING, MAKING
from tests.domain.fixture import bare_sql


def recorded(cli: CommandRunner) -> list[tuple[str, str]]:
    """Return what was recorded: at which store, by its name, which command; oldest first."""
    query = (
        "SELECT s.name, a.about, a.deed, a.operator, a.address, a.browser, a.subject_id "
        "FROM operator_actions a JOIN stores s ON s.id = a.store_id ORDER BY a.id"
    )
    rows: Any = asyncio.run(bare_sql(cli.environ["GRIDGIFT_DATABASE_URL"], query))
    assert {tuple(row[2:]) for row in rows} <= {("shell", getpass.getuser(), "", "", "")}
    return [(store, about) for store, about, *_ in rows]


def test_each_command_that_changes_something_has_words() -> None:
    def named(commands: list[tuple[str, ...]]) -> set[str]:
        groups = {"verify", "attest", "migrate", "demo"}
        return {words[0] if words[0] in groups else " ".join(words[:2]) for words in commands}

    assert named(CHANGING) | named(MAKING) == IN_A_SHELL.keys() | {"migrate", "demo"}
    assert not named(LOOKING) & IN_A_SHELL.keys()
    assert not UNRECORDED & IN_A_SHELL.keys()


def test_no_command_writes_past_the_record() -> None:
    """But for those that make or move whole databases."""
    folder = files("gridgift.cli")
    past = {
        file.name
        for file in folder.iterdir()
        if file.name.endswith(".py")
        and re.search(r"(?<!Recorded)Operations\(database|database\.write\(", file.read_text())
    }
    assert past == {"restore.py", "sample_year.py"}


def test_commands_are_recorded_once_for_each_store_that_they_change(both: CommandRunner) -> None:
    create = ("store", "create", "--owner", "kelly", "--owner-uuid", KELLY.uuid)
    mine = both.json(*create, "Moonwall")["id"]
    both.json(*create, "Elsewhere")
    assert recorded(both) == [("Moonwall", "store create"), ("Elsewhere", "store create")]
    here = ("--store", mine)
    file_of(both, "cards.csv", "identifier,credit\n" + "kelly,5\n" * 250)
    assert both("card", "grant-many", "cards.csv", *here).code == 0
    card = both.json("card", "grant", "kelly", "--credit", "5", *here)["id"]
    assert both("card", "adjust", card, "--delta", "5", "--reason", "late", *here).code == 0
    deposit = ("--amount", "5", "--reason", "x", "--reference", "o")
    assert both("credit", "deposit", "kelly", *deposit, *here).code == 0
    assert both("key", "create", "--name", "Till", "--scope", "all", *here).code == 0
    before = [(store, about) for store, about in recorded(both)[2:]]
    assert before == [
        ("Moonwall", about)
        for about in ("card grant-many", "card grant", "card adjust", "credit deposit",
                      "key create")
    ]  # fmt: skip
    assert both("resident", "add", JO.username, JO.uuid).code == 0
    assert sorted(recorded(both)[7:]) == [
        ("Elsewhere", "resident add"), ("Moonwall", "resident add"),
    ]  # fmt: skip
    many = recorded(both)
    assert both("card", "adjust", card, "--delta", "-50", "--reason", "late", *here).code == 1
    assert both("card", "list", *here).code == both("verify").code == 0
    assert both("card", "show", card, *here).code == 0
    assert both("card", "disable", card, "--dry-run", *here).code == 0
    assert recorded(both) == many


def test_what_is_about_an_operator_is_recorded_where_they_work(both: CommandRunner) -> None:
    """Once at each of their stores; no other store learns that there is such a person."""
    create = ("store", "create", "--owner", "kelly", "--owner-uuid", KELLY.uuid)
    first, second = (both.json(*create, name)["id"] for name in ("Moonwall", "Another"))
    both.json(*create, "Elsewhere")
    begun = len(recorded(both))
    for store in (first, second):
        assert both("operator", "add", "Aria", "--store", store).code == 0
    assert recorded(both)[begun:] == [
        ("Moonwall", "operator add"), ("Another", "operator add"),
        ("Moonwall", "operator add"),  # whose link opens it too
    ]  # fmt: skip
    assert both("operator", "link", "Aria").code == 0
    assert both("operator", "remove", "Aria", "--store", second).code == 0
    assert both("operator", "link", "Aria").code == 0
    assert both("operator", "remove", "Aria").code == 0
    then = {store: [about for at, about in recorded(both)[begun + 3 :] if at == store]
            for store, _ in recorded(both)[begun:]}  # fmt: skip
    assert then == {
        "Moonwall": ["operator link", "operator link", "operator remove"],
        "Another": ["operator link", "operator remove"],
    }
