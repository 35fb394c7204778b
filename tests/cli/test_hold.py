"""``gridgift hold``: the same as the API does."""

from typing import Any

import pytest

from tests.api import KELLY
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store

WEEK = "7d"


def available(cli: CommandRunner, card: str) -> tuple[int, int]:
    shown = cli.json("card", "show", card)
    return shown["credit"], shown["available"]


@pytest.mark.contract("10.107")
def test_placed_extended_captured_and_voided(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    card = both.json("card", "grant", "kelly", "--credit", 100)["id"]
    hold = both.json("hold", "place", card, "--amount", 40, "--for", "15m")
    wanted = ("--amount", 5, "--for", "30m", "--reason", "order 7")
    other = both.json("hold", "place", card, *wanted)
    assert (hold["giftCardId"], hold["amount"], hold["state"]) == (card, 40, "open")
    assert both.json("hold", "list") == [hold, other]
    later = both.json("hold", "extend", card, hold["id"], "--for", WEEK)
    assert later == hold | {"expiresAt": later["expiresAt"]}
    assert later["expiresAt"] > other["expiresAt"]
    assert both.json("hold", "list", "--state", "open") == [other, later]
    assert both.json("hold", "list", card) == [later, other]
    assert available(both, card) == (100, 55)
    captured = both.json("hold", "capture", card, hold["id"], "--amount", 30)
    assert captured == later | {"state": "captured", "captured": 30}
    voided = both.json("hold", "void", card, other["id"])
    assert voided == other | {"state": "voided"}
    assert available(both, card) == (70, 70)
    for state, expected in (("captured", [captured]), ("voided", [voided]), ("lapsed", [])):
        assert both.json("hold", "list", "--state", state) == expected
    kinds = [entry["kind"] for entry in both.json("card", "history", card)]
    assert kinds == ["granted", "held", "held", "hold_extended", "captured", "voided"]
    assert f"hold {hold['id']}" in both("card", "history", card).out
    assert f"hold {other['id']}: order 7" in both("card", "history", card).out
    assert ": order 7" in both("card", "show", card).out
    assert both("verify").code == 0


@pytest.mark.contract("10.3", "10.4")
def test_under_a_key_it_is_done_once(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    card = both.json("card", "grant", "kelly", "--credit", 100)["id"]
    hold = done_once(both, "place", card, "--amount", 40, "--for", "15m")["id"]
    other = both.json("hold", "place", card, "--amount", 7, "--for", "1h")["id"]
    done_once(both, "extend", card, hold, "--for", WEEK)
    done_once(both, "capture", card, hold, "--amount", 30)
    done_once(both, "void", card, other)
    done = ("--idempotency-key", "ticket void")
    both("hold", "void", card, hold, *done).refused(1, "already used for a different request")
    kinds = [entry["kind"] for entry in both.json("card", "history", card)]
    assert kinds == ["granted", "held", "held", "hold_extended", "captured", "voided"]
    assert available(both, card) == (70, 70)
    assert both("verify").code == 0


def done_once(cli: CommandRunner, action: str, *arguments: object) -> Any:
    """Do something to a hold twice under a key; return what it answered both times."""
    command = ("hold", action, *arguments, "--idempotency-key", f"ticket {action}")
    first, second = cli(*command, "--json"), cli(*command, "--json")
    assert (first.code, first.err) == (0, "")
    assert (second.code, second.out) == (0, first.out)
    assert "done before" in second.err
    return first.json


def test_what_is_refused(cli: CommandRunner, kelly: str) -> None:
    card = cli.json("card", "grant", kelly, "--credit", 10)["id"]
    place = ("hold", "place", card, "--amount")
    hold = cli.json(*place, 5, "--for", "1h")["id"]
    cli(*place, 6, "--for", "1h").refused(1, "Only L$ 5 is available")
    cli("hold", "extend", card, hold, "--for", "1m").refused(1, "--for: must be later")
    cli("hold", "void", card, card).refused(1, "There is no hold")
    for span in ("0", "8d", "soon"):
        cli(*place, 1, "--for", span).misused("--for")
    cli("hold", "list", "--state", "gone").misused("--state", "lapsed")
    for amount in (0, -5, 2**31):
        cli("hold", "capture", card, hold, "--amount", amount).misused("--amount")
    cli("hold", "void", card, hold)
    cli("hold", "capture", card, hold).refused(1, "is voided")


def test_a_table_for_people(cli: CommandRunner, kelly: str) -> None:
    card = cli.json("card", "grant", kelly, "--credit", 10)["id"]
    printed = cli("hold", "place", card, "--amount", 5, "--for", "1h").out.splitlines()
    assert printed[0].split() == ["ID", "CARD", "L$", "STATE", "TAKEN", "ENDS"]
    assert cli("hold", "list").out.splitlines() == printed
    assert printed[1].split()[1:5] == [card, "5", "open", "0"]
