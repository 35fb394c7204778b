"""The row of bulk grants: how the command is found, run, and looked at."""

from pathlib import Path

import pytest
from rich.console import Console

from bench import bulk
from bench.progress import Progress
from bench.runs import SMALL, Bench, Sizes
from bench.seeding import Seeds

BULKY = "import time; kept = bytearray(80_000_000); time.sleep(2)"
CHECK = "import sys; lines = open(sys.argv[1]).read().split(); sys.exit(len(lines) != 8)"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A run that seeds nothing."""
    progress = Progress(Console(quiet=True))
    seeds = Seeds(tmp_path / "cache", None, progress)
    return Bench(seeds, tmp_path, progress, seconds=1, rounds=1, sizes=SMALL)


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
    bench.engines = ("sqlite",)
    bench.sizes = Sizes(usual=1_000, bulk=500)
    (row,) = bulk.bulk(bench)
    assert row.ratio is not None
    assert row.note.startswith("1 of 1 rounds; memory: ")
