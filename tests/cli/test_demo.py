"""``gridgift demo``: what ``make run`` runs."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from gridgift.cli.sample import EXAMPLE_CARDS
from gridgift.cli.sample_year import CARDS, WEEKS
from tests.api import SECRET
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.cli.live import until
from tests.serving import PATIENCE


@contextmanager
def demo(cli: CommandRunner) -> Iterator[str]:
    """Run the demo on a free port; yields what it prints, once it serves."""
    log = cli.folder / "demo.log"  # a file: a pipe that nobody reads would stop the server
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "gridgift", "demo", "--port", "0"],
            cwd=cli.folder,
            env=cli.environ,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            text = ""
            while "/docs" not in text:
                text += process.stdout.readline()
            until(lambda: "listens on http://127.0.0.1:" in log.read_text())
            yield text
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0


def curl_lines(text: str) -> list[str]:
    """Return the commands of the printed text."""
    return [line for line in text.splitlines() if line.startswith("curl ")]


def command_line(text: str) -> str:
    """Return the printed command of the program, with the line before it."""
    (found,) = re.findall(r"^export .+\n.+card list .+$", text, re.MULTILINE)
    return str(found)


def bash(command: str, folder: Path) -> Any:
    """Paste a command; it must answer with JSON."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_every_printed_command_works(cli: CommandRunner) -> None:
    for visit in range(2):
        with demo(cli) as text:
            assert "\x1b" not in text
            all_of_them = ("card", "list", "--database", "sqlite:///gridgift-demo.db", "--count")
            assert f"is ready: {cli.json(*all_of_them)['count']} gift cards, " in text
            answers = [bash(line, cli.folder) for line in curl_lines(text)]
            assert not any("code" in answer for answer in answers), answers
            store, cards, card, granted, updated, disabled = answers
            assert store["name"] == "Moonwall Couture (demo)"
            # the first visit's grant is there
            assert len(cards["data"]) == 3 + len(EXAMPLE_CARDS) + visit
            assert card["id"] in [each["id"] for each in cards["data"]]
            assert (granted["credit"], updated["credit"]) == (500, 750)
            assert updated["active"] and not disabled["active"]
            pasted = bash(f"{command_line(text)} --json", cli.folder)
            shown = [each["id"] for each in pasted]
            assert {each["id"] for each in cards["data"]} <= set(shown)
            assert len(shown) == len(set(shown))
            whole = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
            assert (whole.returncode, whole.stderr) == (0, "")
            assert cli.json("demo", "--no-serve")["key"] in text


def test_the_second_run_finds_everything(cli: CommandRunner) -> None:
    first = cli.json("demo", "--no-serve")
    assert first.keys() == {
        "database",
        "store",
        "key",
        "url",
        "link",
        "residents",
        "cards",
        "dashboard",
        "signIn",
    }
    assert first["database"] == "sqlite:///gridgift-demo.db"
    assert len(first["residents"]) == 4
    cards = first["cards"]
    assert {card["active"] for card in cards} == {True, False}
    assert {card["transfer"] for card in cards} == {True, False}
    assert any(card["texture"] for card in cards) and any(card["expiresAt"] for card in cards)
    second = cli.json("demo", "--no-serve")
    for name in ("link", "signIn"):
        assert second.pop(name) != first.pop(name), "a token is not kept"
    assert second == first
    made = cli.json("unit", "list", "--database", first["database"])
    assert [unit["kind"] for unit in made] == ["delivery", "terminal", "vendor", "directory"]
    key = cli.folder / "gridgift-demo.db.key"
    assert key.read_text().strip() == first["key"]
    assert key.stat().st_mode & 0o777 == 0o600


def test_the_demos_year_adds_up(cli: CommandRunner) -> None:
    """A year was lived by the operations, so it verifies; each month has had something."""
    cli.json("demo", "--no-serve")
    database = ("--database", "sqlite:///gridgift-demo.db")
    assert cli("verify", *database).code == 0
    month = "strftime('%Y-%m', created_at / 1000, 'unixepoch')"
    with closing(sqlite3.connect(cli.folder / "gridgift-demo.db")) as connection:
        kinds = connection.execute(
            f"SELECT kind, COUNT(*), COUNT(DISTINCT {month}) FROM entries GROUP BY kind"
        ).fetchall()
    counts = {kind: (count, spread) for kind, count, spread in kinds}
    assert counts["granted"][0] > CARDS * WEEKS and counts["granted"][1] >= 12
    for kind in ("redeemed", "credit_spent", "disabled", "noted"):
        count, spread = counts[kind]
        assert count >= 5 and spread >= 5, kind


def test_a_key_that_is_lost_or_dead_is_replaced(cli: CommandRunner) -> None:
    database = ("--database", "sqlite:///gridgift-demo.db")
    kept = cli.folder / "gridgift-demo.db.key"
    keys = [cli.json("demo", "--no-serve")["key"]]
    kept.unlink()
    keys.append(cli.json("demo", "--no-serve")["key"])
    kept.write_text("allo_live_nonsense")
    keys.append(cli.json("demo", "--no-serve")["key"])
    newest = cli.json("key", "list", *database)[-1]
    cli.json("key", "revoke", newest["id"], *database)
    keys.append(cli.json("demo", "--no-serve")["key"])
    assert len(set(keys)) == 4
    assert cli.json("demo", "--no-serve")["key"] == keys[-1] == kept.read_text().strip()
    assert len(cli.json("store", "list", *database)) == 1


def test_the_demo_keeps_out_of_other_stores(cli: CommandRunner) -> None:
    cli.environ["GRIDGIFT_DATABASE_URL"] = "sqlite:///shop.db"
    add_store(cli, "A real one")
    cli("demo", "--no-serve").refused(2, "stores that are not the demo's", "--database")
    assert len(cli.json("store", "list")) == 1
    assert not (cli.folder / "shop.db.key").exists()


def test_the_demo_runs_on_both_engines(both: CommandRunner, database_url: str) -> None:
    made = both.json("demo", "--no-serve", "--database", database_url)
    assert len(made["cards"]) == 5 + len(EXAMPLE_CARDS)
    assert both.json("demo", "--no-serve")["key"] == made["key"]
    assert SECRET not in json.dumps(made)
