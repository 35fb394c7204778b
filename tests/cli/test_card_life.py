"""A card's life from a shell: what is done once under a key, and told in sentences."""

import getpass
from typing import Any

import pytest

from tests.api import JO, KELLY
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store

LOST = ("--reason", "lost in a crash")
KEY = ("--idempotency-key", "ticket 42")


@pytest.fixture
def people(both: CommandRunner) -> CommandRunner:
    """Commands on a store that knows two residents."""
    add_store(both, "Moonwall Couture")
    for resident in (KELLY, JO):
        assert both("resident", "add", resident.username, resident.uuid).code == 0
    return both


def grant(cli: CommandRunner, credit: int = 100, *options: object) -> str:
    """Grant a card to Kelly; return its id."""
    return str(cli.json("card", "grant", KELLY.username, "--credit", credit, *options)["id"])


def show(cli: CommandRunner, card: str) -> Any:
    return cli.json("card", "show", card)


def kinds(cli: CommandRunner, card: str) -> list[str]:
    return [entry["kind"] for entry in cli.json("card", "history", card)]


def test_redeemed_for_its_owner(people: CommandRunner) -> None:
    card = grant(people, 100, "--expires", "2099-01-31")
    redeemed = people.json("card", "redeem", card)
    assert (redeemed["redeemed"], redeemed["credit"]) == (True, 0)
    (lot,) = people.json("credit", "show", KELLY.username)["lots"]
    assert (lot["amount"], lot["expiresAt"]) == (100, "2099-02-01T08:00:00Z")
    people("card", "redeem", card).refused(1, "redeemed")
    assert show(people, card)["entries"][-1]["actor"]["id"] == getpass.getuser()
    assert people("verify").code == 0


CHANGES = {
    "adjust": ("--delta", 5, *LOST),
    "transfer": (JO.username, *LOST),
    "reissue": LOST,
    "expire": (),
    "redeem": (),
    "note": ("once",),
}


@pytest.mark.parametrize("command", CHANGES)
def test_under_a_key_it_is_done_once(people: CommandRunner, command: str) -> None:
    card = grant(people, 100, "--transfer")
    done = ("card", command, card, *CHANGES[command], *KEY)
    first = people(*done, "--json")
    assert (first.code, first.err) == (0, "")
    cards = people.json("card", "list", KELLY.uuid)
    second = people(*done, "--json")
    assert (second.code, second.out) == (0, first.out)
    assert "done before" in second.err
    assert len(kinds(people, card)) == 2
    assert people.json("card", "list", KELLY.uuid) == cards
    other = ("card", "note", card, "something else", *KEY)
    people(*other).refused(1, "already used for a different request")
    assert people("card", "note", card, "x", "--idempotency-key", "é").code == 2
    assert len(kinds(people, card)) == 2


def test_a_refusal_is_not_kept_under_a_key(people: CommandRunner) -> None:
    card = grant(people)
    take = ("card", "adjust", card, "--delta", -150, *LOST, *KEY)
    people(*take).refused(1, "Only L$ 100 is available")
    people("card", "adjust", card, "--delta", 60, *LOST)
    assert people.json(*take)["credit"] == 10


def test_a_life_in_sentences(people: CommandRunner) -> None:
    card = grant(people, 100, "--transfer", "--reason", "{prize}")
    hold = people.json("hold", "place", card, "--amount", 40, "--for", "1h")
    people("hold", "extend", card, hold["id"], "--for", "2h")
    other = people.json("hold", "place", card, "--amount", 7, "--for", "1h")["id"]
    people("hold", "void", card, other)
    shown = people("card", "show", card).out
    assert "OPEN HOLD" in shown and hold["id"] in shown.split("WHEN")[0]
    people("hold", "capture", card, hold["id"], "--amount", 30)
    people("card", "adjust", card, "--delta", 5, "--reason", "prize")
    people("card", "note", card, "a {note}")
    people("card", "transfer", card, JO.username, *LOST)
    people("card", "expire", card)
    ended = show(people, card)["expiresAt"]
    new = people.json("card", "reissue", card, *LOST)["id"]
    lines = [line.rstrip() for line in people("card", "show", card).out.splitlines()]
    told = [line.split("Z  ", 1)[1] for line in lines if "Z  " in line]
    by = f"(by operator {getpass.getuser()})"
    assert [line for line in told if " held until " not in line] == [
        f"Granted to {KELLY.uuid} with L$ 100 {by}: {{prize}}",
        f"Freed: hold {other} {by}",
        f"L$ 30 taken: hold {hold['id']} {by}",
        f"+5 L$, now L$ 75 {by}: prize",
        f"Noted {by}: a {{note}}",
        f"Passed on from {KELLY.uuid} to {JO.uuid} {by}: lost in a crash",
        f"Changed: expires: {ended} {by}",
        f"Void: its L$ 75 went to the card {new} {by}: lost in a crash",
    ]
    assert sum(" held until " in line for line in told) == 3
    assert "OPEN HOLD" not in "".join(lines)
    assert f"Made with L$ 75 in place of the card {card}" in people("card", "show", new).out
