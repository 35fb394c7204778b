"""``gridgift inworld simulate`` against servers that run."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.simulation import NOBODY, Payment, Simulation
from gridgift.cli.simulation_check import check, given
from gridgift.cli.simulation_store import crowd
from gridgift.domain import units
from tests.api import SECRET, ApiFixture
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.cli.live import until
from tests.cli.test_event import hear_ctrl_c
from tests.conftest import ENGINES
from tests.http.in_world import InWorldObject
from tests.http.test_in_world import bought
from tests.serving import PATIENCE, Server

SIMULATE: Final = ("inworld", "simulate", "--speed", 30, "--seed", 9)  # which has each fault early


@pytest.fixture
def engine() -> str:
    """The checks of the L$ are on each engine; what is about the command is on this one."""
    return "sqlite"


@pytest.fixture
def server(cli: CommandRunner, engine: str, shared_server: Callable[..., Server]) -> Server:
    """A store of the test's own at a server, whose database the commands have."""
    server = shared_server(engine).with_new_store()
    cli.environ |= {"GRIDGIFT_DATABASE_URL": server.database_url, "GRIDGIFT_SECRET": SECRET}
    return server


@pytest.fixture
def words(server: Server) -> tuple[object, ...]:
    """The command, for that store."""
    return (*SIMULATE, "--url", server.url, "--store", server.prepared.store.id, "--yes")


def units_of(server: Server) -> list[dict[str, Any]]:
    with server.client() as client:
        found: list[dict[str, Any]] = client.get("/ext/v1/units").json()["data"]
        return found


@pytest.mark.parametrize("engine", ENGINES)
def test_all_of_the_linden_dollars_are_there(
    cli: CommandRunner, server: Server, words: tuple[object, ...]
) -> None:
    shown = cli.json(*words, "--residents", 6, "--faults", 30)
    assert shown["wrong"] == []
    assert shown["residentsDone"] == shown["residents"] == shown["cards"] == 6
    assert shown["paid"] == shown["sold"] + shown["refunded"] > shown["open"] == 0
    assert [each["kind"] for each in shown["objects"]] == ["delivery", "terminal", "vendor"]
    faults = [
        sum(each[fault] for each in shown["objects"])
        for fault in ("dropped", "lost", "unavailable")
    ]
    assert min(faults) > 0
    assert sum(each["repeated"] for each in shown["objects"]) >= sum(faults)
    assert cli.json(*words, "--residents", 2)["cards"] == 2  # of the same units, and anew
    found = units_of(server)
    assert [unit["objectUuid"] for unit in found] == [None] * 3
    assert [unit["round"] for unit in found if unit["kind"] == "delivery"] == [2]
    assert cli("verify").code == 0


def test_when_time_is_up_payments_are_settled(
    cli: CommandRunner, words: tuple[object, ...]
) -> None:
    slower = ("--speed", 10)  # so that some come too late, and there is time to settle payments
    for seconds in (5, 6):  # the machine may stand still until time is up
        shown = cli.json(*words, *slower, "--residents", 100, "--faults", 40, "--seconds", seconds)
        if shown["paid"]:
            break
    assert 0 < shown["paid"] == shown["sold"] + shown["refunded"]
    assert shown["residentsDone"] < 100
    assert shown["open"] == 0


def test_your_own_units(cli: CommandRunner, server: Server, words: tuple[object, ...]) -> None:
    with server.client() as client:
        ids, pairs = [], []
        for kind in ("vendor", "directory"):
            body = {"kind": kind, "name": "Till", "maxCards": 1}
            ids.append(client.post("/ext/v1/units", json=body).json()["id"])
            made = client.post(f"/ext/v1/units/{ids[-1]}/actions/pair").json()["code"]
            pairs.append(f"{ids[-1]}={made}")
    cli(*words, "--pair", pairs[1]).refused(2, "--pair", "is a directory")
    cli(*words, "--pair", f"{server.prepared.store.id}=A").refused(1, "no unit")
    before = units_of(server)[0]
    cli(*words, "--pair", f"{ids[0]}=AAAAA-AAAAA").misused(ids[0], "This code is wrong")
    assert units_of(server)[0] == before
    cli(*words, "--pair", ids[0]).misused("--pair", "pairing code")
    shown = cli.json(*words, "--pair", pairs[0], "--residents", 4)
    assert shown["paid"] == shown["sold"] + shown["refunded"] > shown["sold"]
    assert set(shown["objects"][0]["refused"]) == {"refund"}
    (till,) = [unit for unit in units_of(server) if unit["id"] == ids[0]]
    assert (till["granted"], till["objectUuid"]) == (shown["sold"], None)


def test_what_is_refused_writes_nothing(
    cli: CommandRunner, server: Server, words: tuple[object, ...]
) -> None:
    cli(*words[:-1]).refused(2, "Moonwall Couture is not the demo", "--yes")
    assert units_of(server) == []
    cli(*words, "--url", "http://127.0.0.1:9").refused(2, "No server answers", "--url")
    assert units_of(server) == []
    for option in ("--residents", "--faults", "--seconds", "--speed", "--seed"):
        cli(*words, option, "-1").misused(option)


def test_a_server_of_another_database(
    cli: CommandRunner, server: Server, words: tuple[object, ...]
) -> None:
    cli.environ["GRIDGIFT_DATABASE_URL"] = "sqlite:///other.db"
    other = add_store(cli, "Other")
    cli(*words, "--store", other).refused(2, "has another database")


def test_into_a_pipe_and_on_a_terminal(cli: CommandRunner, words: tuple[object, ...]) -> None:
    shown = cli(*words, "--residents", 3)
    assert shown.code == 0
    assert "Moonwall Couture" in shown.err and "seed 9" in shown.err
    first, *rest = shown.out.splitlines()
    assert (
        first == "0 s: 0 of 3 residents done, 0 requests; L$0 paid = 0 in cards + 0 back + 0 open"
    )
    assert rest[-1].startswith("L$ ")
    assert "\x1b" not in shown.out
    live = cli.in_terminal(100, *words, "--residents", 3)
    assert live.code == 0
    assert live.out.count("OBJECTS") > 2
    assert all(kind in live.out for kind in ("1 delivery unit", "1 terminal", "1 vendor"))


@contextmanager
def begun(
    cli: CommandRunner, server: Server, words: tuple[object, ...], *more: object
) -> Iterator[subprocess.Popen[str]]:
    """Begin a simulation, and go on once its objects are paired."""
    command = [sys.executable, "-m", "gridgift", *map(str, (*words, "--json", *more))]
    with subprocess.Popen(
        command, env=cli.environ, cwd=cli.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=hear_ctrl_c,
    ) as process:  # fmt: skip
        try:
            until(lambda: len([unit for unit in units_of(server) if unit["objectUuid"]]) == 3)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_its_objects(
    cli: CommandRunner, server: Server, words: tuple[object, ...], number: signal.Signals
) -> None:
    with begun(cli, server, words, "--residents", 5, "--speed", 1) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (ExitCode.INTERRUPTED, "", "")
    assert [unit["objectUuid"] for unit in units_of(server)] == [None] * 3


def test_payments_that_a_vendor_could_not_settle_are_told(
    cli: CommandRunner, server: Server, words: tuple[object, ...]
) -> None:
    slowly = ("--residents", 40, "--speed", 2, "--seconds", 12)  # and most are still to pay
    with begun(cli, server, words, *slowly) as process:
        (vendor,) = [unit["id"] for unit in units_of(server) if unit["kind"] == "vendor"]
        with server.client() as client:
            client.post(f"/ext/v1/units/{vendor}/actions/revoke").raise_for_status()
        out, _ = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == ExitCode.REFUSED
    shown = json.loads(out)
    assert shown["open"] == shown["paid"] - shown["sold"] - shown["refunded"] > 0
    assert any("never reached the store" in sentence for sentence in shown["wrong"])
    assert any(f"L${shown['paid']} were paid" in sentence for sentence in shown["wrong"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("friend", "outcome", "amount", "said"),
    [
        ("", "card", 250, []),
        (NOBODY, "refund", 250, []),
        (NOBODY, "untold refund", 250, ["went back, and the store was not told"]),
        ("", "refund", 250, ["has a card, and went back too", "L$250 went back"]),
        (NOBODY, "card", 250, ["has no card, and did not go back", "L$250 were paid, L$0 are"]),
        ("", "", 250, ["the vendor was not told"]),
        ("", "card", 100, ["a card that was granted with L$250", "L$100 were paid, L$250 are"]),
        (None, "card", 250, ["never reached the store", "L$250 were paid, L$0 are"]),
        (None, "refund", 250, ["never reached the store"]),
    ],
)
def test_each_way_to_lose_or_double_a_payment_is_found(
    api: ApiFixture, friend: str | None, outcome: str, amount: int, said: list[str]
) -> None:
    vendor, nonce = InWorldObject(api, "vendor"), str(uuid.uuid4())
    unit = api.read(units.read, api.store.id, vendor.id)
    before = api.read(given, [unit])
    if friend is not None:
        vendor.send("purchase", bought(friend=friend), nonce=nonce)
    if outcome == "refund":
        vendor.send("refund", {"payment": nonce, "paid": 1}, nonce=nonce)
    outcome = outcome.removeprefix("untold ")
    simulation = Simulation([], crowd(1), 1, 1)
    simulation.payments = [Payment(unit.id, nonce, amount, outcome)]
    wrong = api.read(check, [unit], before, simulation).wrong
    assert len(wrong) == len(said), wrong
    for sentence, words in zip(wrong, said, strict=True):
        assert words in sentence
    simulation.told = 1
    assert "1 residents were told" in api.read(check, [unit], before, simulation).wrong[-1]
