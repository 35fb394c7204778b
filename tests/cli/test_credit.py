"""``gridgift credit``: the same as the API does."""

import hashlib
import json
import re
from typing import Any

import msgspec
import pytest

from tests.api import JO, KELLY
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.cli.test_grant_many import sql

WHY = ("--reason", "prize", "--reference", "hunt 2026")
NOTHING = {"total": 0, "restricted": 0, "lots": []}


@pytest.mark.contract("10.114")
def test_deposited_spent_refunded_and_moved(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    for resident in (KELLY, JO):
        both.json("resident", "add", resident.username, resident.uuid)
    assert both.json("credit", "show", "kelly") == NOTHING
    both.json("credit", "deposit", "kelly", "--amount", 50, *WHY)
    dated = ("--expires", "2099-01-31", "--restricted")
    made = both.json("credit", "deposit", "kelly", "--amount", 7, *WHY, *dated)
    lot = {"id": made["id"], "amount": 7, "expiresAt": "2099-02-01T08:00:00Z", "restricted": True}
    assert made == {"id": made["id"], "amount": 7, "total": 50, "restricted": 7, "lots": [lot]}
    spend = both.json("credit", "spend", "kelly", "--amount", 20, *WHY)
    assert (spend["total"], spend["restricted"]) == (30, 7)
    refunded = both.json("credit", "refund", "kelly", spend["id"], "--amount", 5, *WHY)
    assert refunded["total"] == 35
    restricted = both.json("credit", "spend", "kelly", "--amount", 2, "--restricted", *WHY)
    assert (restricted["total"], restricted["restricted"]) == (35, 5)
    moved = both.json("credit", "move", "kelly", JO.username, "--amount", 10, *WHY)
    assert moved == {"id": moved["id"], "amount": 10, "total": 30, "restricted": 0, "lots": []}
    assert both.json("credit", "move", "kelly", JO.uuid, *WHY)["amount"] == 30
    assert both.json("credit", "show", "kelly") == NOTHING
    received = both.json("credit", "show", JO.username)
    begun = received["lots"][0]["id"]
    assert received == {"total": 35, "restricted": 5, "lots": [lot | {"id": begun, "amount": 5}]}
    later = ("--expires", "2100-01-31")
    extended = both.json("credit", "extend", JO.username, begun, *later)
    assert extended["lots"][0]["expiresAt"] == "2100-02-01T08:00:00Z"
    kinds = [entry["kind"] for entry in both.json("credit", "history", "kelly")]
    assert kinds == [
        "credit_deposited", "credit_deposited", "credit_spent", "credit_refunded",
        "credit_spent", "credit_moved", "credit_moved",
    ]  # fmt: skip
    assert both("verify").code == 0


@pytest.mark.contract("10.3", "10.4")
def test_under_a_key_it_is_done_once(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    for resident in (KELLY, JO):
        both.json("resident", "add", resident.username, resident.uuid)
    dated = ("--amount", 50, *WHY, "--expires", "2099-01-31")
    lot = done_once(both, "deposit", "kelly", *dated)["lots"][0]["id"]
    spend = done_once(both, "spend", "kelly", "--amount", 20, *WHY)["id"]
    done_once(both, "refund", "kelly", spend, "--amount", 5, *WHY)
    done_once(both, "extend", "kelly", lot, "--expires", "2099-12-31")
    assert done_once(both, "move", "kelly", JO.username, "--amount", 10, *WHY)["lots"] == [
        {"id": lot, "amount": 25, "expiresAt": "2100-01-01T08:00:00Z", "restricted": False}
    ]
    too_much = ("credit", "spend", "kelly", "--amount", 26, *WHY, "--idempotency-key", "later")
    both(*too_much).refused(1, "Only L$ 25 is available")
    both.json("credit", "deposit", "kelly", "--amount", 1, *WHY)
    assert both.json(*too_much)["total"] == 0, "a refusal is not kept"
    assert both("verify").code == 0


@pytest.mark.contract("10.4")
def test_a_key_knows_the_command_by_what_it_names(both: CommandRunner) -> None:
    """A later program has more options, and a command that lacks them is the same."""
    add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    given = {"customer": "kelly", "amount": 5, "reason": "prize", "reference": "hunt 2026"}
    both.json("credit", "deposit", "kelly", "--amount", 5, *WHY, "--idempotency-key", "one")
    ((stored,),) = sql(both, "SELECT fingerprint FROM idempotency_keys")
    asked = msgspec.json.encode(("deposit", given), order="deterministic")
    assert stored == hashlib.sha256(asked).digest()


@pytest.mark.contract("10.3", "10.4")
def test_a_key_of_the_program_before_is_known(both: CommandRunner) -> None:
    """It knew a command by all options, those that are as they are without being named too."""
    add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    both.json("credit", "deposit", "kelly", "--amount", 9, *WHY)
    spend = ("credit", "spend", "kelly", "--amount", 5, *WHY, "--idempotency-key", "one")
    first = both.json(*spend)
    known_before(both, "spend", {
        "customer": "kelly", "amount": 5, "reason": "prize", "reference": "hunt 2026",
        "restricted": False,
    })  # fmt: skip
    assert both.json(*spend) == first
    both(*spend, "--restricted").refused(1, "already used for a different request")
    assert both.json("credit", "show", "kelly")["total"] == 4


def known_before(cli: CommandRunner, command: str, asked: dict[str, Any]) -> None:
    """Let the only key be of a command of the program before, which digested what it asked."""
    known = hashlib.sha256(msgspec.json.encode((command, asked), order="deterministic")).hexdigest()
    sqlite = cli.environ["GRIDGIFT_DATABASE_URL"].startswith("sqlite")
    written = f"x'{known}'" if sqlite else f"'\\x{known}'"
    sql(cli, f"UPDATE idempotency_keys SET fingerprint = {written}")


def done_once(cli: CommandRunner, action: str, *arguments: object) -> Any:
    """Do something to Kelly's credit twice under a key; return what it answered both times."""
    command = ("credit", action, *arguments, "--idempotency-key", f"ticket {action}")
    first, second = cli(*command, "--json"), cli(*command, "--json")
    assert (first.code, first.err) == (0, "")
    assert (second.code, second.out) == (0, first.out)
    assert "done before" in second.err
    before = cli.json("credit", "history", "kelly")
    name = "--expires" if "--expires" in command else "--amount"
    other = {"--expires": "never", "--amount": 1}[name]
    cli(*command, name, other).refused(1, "already used for a different request")
    assert cli.json("credit", "history", "kelly") == before
    return first.json


def test_what_is_refused(cli: CommandRunner, kelly: str) -> None:
    cli("credit", "spend", kelly, "--amount", 1, *WHY).refused(1, "Only L$ 0 is available")
    for amount in (0, -5, 2**31):
        cli("credit", "move", kelly, JO.uuid, "--amount", amount, *WHY).misused("--amount")
    cli("credit", "move", kelly, kelly, *WHY).refused(1, "The receiver has this credit already")
    cli("credit", "show", "no.one").refused(1, "resident add")
    past = ("--expires", "2020-01-31")
    cli("credit", "deposit", kelly, "--amount", 1, *WHY, *past).refused(1, "--expires: must be")
    cli("credit", "deposit", kelly, "--amount", 0, *WHY).misused("--amount")
    cli("credit", "deposit", kelly, "--amount", 1, "--reason", "").misused("--reason")
    cli("credit", "extend", kelly, JO.uuid, "--expires", "never").refused(1, JO.uuid)
    cli("credit", "extend", kelly, "7", "--expires", "never").misused("LOT")
    cli("credit", "extend", kelly, JO.uuid).misused("--expires")
    cli("credit", "refund", kelly, "7", "--amount", 1, *WHY).misused("SPEND")


def test_tables_for_people(cli: CommandRunner, kelly: str) -> None:
    heading = ["LOT", "L$", "EXPIRES", "RESTRICTED"]

    def rows() -> list[list[str]]:
        return [line.split() for line in cli("credit", "show", kelly).out.splitlines()]

    assert rows() == [heading, ["in", "all", "0", "no"]]
    dated = ("--expires", "2099-01-31T12:00:00Z")
    lot = cli.json("credit", "deposit", kelly, "--amount", 7, *WHY, *dated)["id"]
    in_all = ["in", "all", "7", "no"]
    assert rows() == [heading, [lot, "7", "2099-01-31T12:00:00Z", "no"], in_all]
    for more in ((), ("--restricted",)):
        cli("credit", "deposit", kelly, "--amount", 50, *WHY, *more)
    assert rows()[2:4] == [["50", "never", "yes"], ["50", "never", "no"]]
    assert rows()[4:] == [["in", "all", "50", "yes"], ["in", "all", "57", "no"]]
    assert "credit_deposited" in cli("credit", "history", kelly).out


def test_history_names_what_is_refunded(cli: CommandRunner, kelly: str) -> None:
    """Whoever has only a shell finds a spend by its order, and the other side of a move."""
    cli.json("credit", "deposit", kelly, "--amount", 50, *WHY)
    order = ("--reason", "a hat", "--reference", "order 7")
    spend = cli.json("credit", "spend", kelly, "--amount", 20, *order)["id"]
    cli.json("resident", "add", JO.username, JO.uuid)
    move = cli.json("credit", "move", kelly, JO.uuid, *WHY)["id"]
    _, _, spent, moved = cli("credit", "history", kelly).out.splitlines()
    assert re.split(" {2,}", spent)[-2:] == ["order 7", f"spend {spend}"]
    assert moved.endswith(f"move {move}, with {JO.uuid}")
    cli.json("credit", "refund", kelly, spend, "--amount", 20, *WHY)


@pytest.mark.contract("10.104", "10.161")
def test_history_and_export_show_lots_as_the_api_does(cli: CommandRunner, kelly: str) -> None:
    dated = ("--expires", "2099-01-31T12:00:00Z")
    lot = cli.json("credit", "deposit", kelly, "--amount", 7, *WHY, *dated)["id"]
    begun = {"lot": lot, "delta": 7, "expiresAt": "2099-01-31T12:00:00Z", "restricted": False}
    state = {"lots": [begun], "reference": "hunt 2026"}
    assert cli.json("credit", "history", kelly)[0]["state"] == state
    (entry,) = cli("export", "entries", "--json").out.splitlines()
    assert json.loads(entry)["state"] == state
