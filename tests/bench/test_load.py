"""wrk itself, against the constant: its arithmetic, its end, and what it counts as failed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import dataset, load, servers
from bench.load import Script
from bench.servers import Serving

NUMBERS = (0, 1, 3, 16, 17, 999, 1_000, 69_632, 1_234_567, dataset.MOST - 1)


@pytest.fixture(scope="module")
def constant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The constant's server."""
    with servers.hello(tmp_path_factory.mktemp("hello") / "log") as server:
        yield server


def test_lua_computes_as_python_does(constant: Serving, tmp_path: Path) -> None:
    shown = (
        'io.write(format("IDS %d %s %s %d\\n", '
        "n, card_id(n), resident_uuid(owner_of(n)), store_of(n)))"
    )
    numbers = ", ".join(map(str, NUMBERS))
    script = f"for _, n in ipairs({{{numbers}}}) do {shown} end\n{load.constant(1).lua}"
    with load.start(Script(script), constant, tmp_path, 1) as wrk:
        output, _ = wrk.communicate(timeout=60)
    for number in NUMBERS:
        owner = dataset.resident_uuid(dataset.owner_of(number))
        ids = f"IDS {number} {dataset.card_id(number)} {owner} {dataset.store_of(number)}"
        assert ids in output


def test_good_answers_are_counted(constant: Serving, tmp_path: Path) -> None:
    found = load.run(load.constant(1_000), constant, tmp_path, 1)
    assert found.requests > 0
    assert found.failed == 0
    assert found.p99_ms > 0


def test_any_other_answer_is_a_failure(constant: Serving, tmp_path: Path) -> None:
    found = load.run(load.reads(1_000), constant, tmp_path, 1)
    assert found.failed == found.requests > 0


def test_a_run_ends_after_enough_requests(constant: Serving, tmp_path: Path) -> None:
    found = load.run_until(500, load.mixed(1_000), constant, tmp_path, 600)
    assert 500 - 2 * load.CONNECTIONS <= found.requests <= 500


def test_the_workers_memory_is_seen(constant: Serving) -> None:
    assert 10 < constant.resident() < 200
    assert constant.started_in > 0


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        pytest.raises(RuntimeError, match="no such thing"),
        servers.serving(["-c", "raise SystemExit('no such thing')"], {}, log, 1, "/", {}),
    ):
        pass


def test_a_token_is_sent_as_it_is(tmp_path: Path) -> None:
    """Although it has a word in it that stands for one of the script's values."""
    load.redemptions(["aRUNb7", "LIMIT0CARDS"], 0).write(path := tmp_path / "redeem.lua")
    written = path.read_text()
    assert '{"aRUNb7", "LIMIT0CARDS"}' in written
    assert '"\\r\\nIdempotency-Key: RUN-"' not in written
