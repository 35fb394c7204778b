"""The row of bulk grants: how the command is found, run, and looked at."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.main import get_command

from bench import bulk
from bench.progress import Progress
from bench.runs import SMALL, Bench, Sizes
from bench.seeding import Seeds
from gridgift.cli import card

BULKY = "import time; kept = bytearray(80_000_000); time.sleep(0.5)"
CHECK = "import sys; lines = open(sys.argv[1]).read().split(); sys.exit(len(lines) != 8)"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A run that seeds nothing."""
    progress = Progress(Console(quiet=True))
    seeds = Seeds(tmp_path / "cache", None, progress)
    return Bench(seeds, tmp_path, progress, seconds=1, rounds=1, sizes=SMALL)


def test_the_command_is_measured_once_it_is_there() -> None:
    group: Any = get_command(card.app)
    assert bulk.is_there() is ("grant-many" in group.commands)


def test_a_command_that_is_not_there_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "COMMAND", ("-m", "gridgift", "card", "grant-nobody"))
    assert [row.note[:13] for row in bulk.bulk(bench)] == ["not there yet"] * 2


def test_the_highest_memory_of_the_command_is_seen(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "COMMAND", ("-c", BULKY))
    spent, peak = bulk.command(bench, "sqlite:///none.db", 3)
    assert spent > 0.5
    assert 80 < peak < 160


def test_the_file_has_a_heading_and_a_line_a_grant(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "COMMAND", ("-c", CHECK))
    bulk.command(bench, "sqlite:///none.db", 7)
    with pytest.raises(RuntimeError, match="grant-many failed"):
        bulk.command(bench, "sqlite:///none.db", 6)


def test_a_round_makes_a_row(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "COMMAND", ("-c", "import time; time.sleep(0.3)"))
    monkeypatch.setattr(bulk, "is_there", lambda: True)
    bench.engines = ("sqlite",)
    bench.sizes = Sizes(usual=1_000, bulk=500)
    (row,) = bulk.bulk(bench)
    assert row.ratio is not None
    assert row.note.startswith("1 of 1 rounds; memory: ")
