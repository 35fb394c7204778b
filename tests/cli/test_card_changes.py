"""``gridgift card``: what can be done with one card."""

from typing import Any

import pytest

from gridgift.domain.notes import MAX_TEXT
from tests.api import JO, KELLY
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store


@pytest.fixture
def shop(both: CommandRunner) -> CommandRunner:
    """Commands for a store that knows two residents."""
    add_store(both, "Moonwall Couture")
    for resident in (KELLY, JO):
        both.json("resident", "add", resident.username, resident.uuid)
    return both


def granted(shop: CommandRunner, *options: object) -> Any:
    return shop.json("card", "grant", "kelly", "--credit", 100, *options)


def last_entry(shop: CommandRunner, card_id: str) -> Any:
    return shop.json("card", "history", card_id)[-1]


def test_adjust(shop: CommandRunner) -> None:
    card = granted(shop)["id"]
    taken = shop.json("card", "adjust", card, "--delta", "-30", "--reason", "order 7")
    assert (taken["credit"], taken["available"]) == (70, 70)
    entry = last_entry(shop, card)
    assert (entry["kind"], entry["delta"], entry["reason"]) == ("adjusted", -30, "order 7")
    assert entry["actor"]["kind"] == "operator"
    assert shop.json("card", "adjust", card, "--delta", 5, "--reason", "x")["credit"] == 75
    shop("card", "adjust", card, "--delta", -76, "--reason", "x").refused(1, "75")
    shop("card", "adjust", card, "--delta", 0, "--reason", "x").refused(1, "--delta")
    shop("card", "adjust", card, "--delta", 1).misused("--reason")
    assert shop.json("card", "show", card)["credit"] == 75
    assert "76\nAVAILABLE" in shop("card", "adjust", card, "--delta", 1, "--reason", "x").out


@pytest.mark.contract("10.19", "10.21")
def test_update(shop: CommandRunner) -> None:
    card = granted(shop)["id"]
    update = ("card", "update", card)
    changed = shop.json(*update, "--texture", JO.uuid, "--transfer", "--idempotency-key", "a")
    assert (changed["texture"], changed["transfer"], changed["credit"]) == (JO.uuid, True, 100)
    assert last_entry(shop, card)["kind"] == "updated"
    assert shop.json(*update, "--no-transfer")["texture"] == JO.uuid
    bare = shop.json(*update, "--texture", "none")
    assert (bare["texture"], bare["transfer"]) == (None, False)
    again = shop.json(*update, "--texture", JO.uuid, "--transfer", "--idempotency-key", "a")
    assert again == changed
    shop(*update).misused("Say what to change")
    shop(*update, "--texture", "logo").misused("--texture")
    assert shop.json("card", "show", card)["texture"] is None


@pytest.mark.contract("10.81")
def test_label(shop: CommandRunner) -> None:
    card = granted(shop, "--tag", "vip", "--metadata", "a=1")["id"]
    label = ("card", "label", card)
    labelled = shop.json(*label, "--reference", "order 7")
    assert labelled == {"reference": "order 7", "tags": ["vip"], "metadata": {"a": "1"}}
    assert shop.json(*label, "--metadata", "b=2", "--metadata", "c=")["metadata"] == {
        "b": "2", "c": ""}  # fmt: skip
    assert "order 7" in shop(*label, "--no-metadata").out
    assert shop.json("card", "show", card)["metadata"] == {}
    shop(*label, "--reference", "order 8").refused(1, "order 7")
    shop(*label).misused("Say what to change")
    shop(*label, "--metadata", "b=2", "--no-metadata").misused("not both")


def test_transfer(shop: CommandRunner) -> None:
    kept, card = granted(shop)["id"], granted(shop, "--transfer")["id"]
    reason = ("--reason", "asked by mail")
    given = shop.json("card", "transfer", card, "jo.winter", *reason)
    assert given["ownerUuid"] == JO.uuid
    entry = last_entry(shop, card)
    assert (entry["kind"], entry["reason"]) == ("transferred", "asked by mail")
    shop("card", "transfer", card, "jo.winter", *reason).refused(1, "already")
    shop("card", "transfer", card, "nobody.here", *reason).refused(1, "nobody.here", "resident add")
    shop("card", "transfer", kept, "jo.winter", *reason).refused(1)
    assert shop.json("card", "show", kept)["ownerUuid"] == KELLY.uuid


def test_reissue(shop: CommandRunner) -> None:
    card = granted(shop)["id"]
    new = shop.json("card", "reissue", card, "--reason", "lost")
    assert (new["credit"], new["active"]) == (100, True)
    assert new["id"] != card
    old = shop.json("card", "show", card)
    assert (old["credit"], old["active"]) == (0, False)
    shop("card", "reissue", card, "--reason", "lost").refused(1)


def test_expire(shop: CommandRunner) -> None:
    card = granted(shop, "--expires", "2099-01-31")["id"]
    ended = shop.json("card", "expire", card, "--reason", "closing sale")
    assert ended["expiresAt"] < "2099"
    assert shop.json("card", "expire", card) == ended
    told = [(each["kind"], each["reason"]) for each in shop.json("card", "history", card)]
    assert told == [("granted", ""), ("updated", "closing sale")]
    shop("card", "transfer", card, "jo.winter", "--reason", "late").refused(1, "expired")
    assert shop.json("verify")["faults"] == 0


def test_notes(shop: CommandRunner) -> None:
    card = granted(shop)["id"]
    texts = ["Asked for by mail", "東京 \N{GRINNING FACE}", "x" * MAX_TEXT]
    for text in texts:
        (note,) = shop.json("card", "note", card, text)
        assert note["text"] == text
    found = shop.json("card", "notes", card)
    assert [each["text"] for each in found] == texts
    assert {each["author"]["kind"] for each in found} == {"operator"}
    assert texts[1] in shop("card", "notes", card).out
    for text in ("", "x" * (MAX_TEXT + 1), "two\nlines"):
        shop("card", "note", card, text).misused("TEXT")


@pytest.mark.parametrize(
    "command",
    [
        ("adjust", "--delta", 5, "--reason", "x"), ("reissue", "--reason", "x"), ("expire",),
        ("note",), ("notes",), ("transfer",),
    ],
)  # fmt: skip
def test_a_card_that_is_not_there(shop: CommandRunner, command: tuple[object, ...]) -> None:
    word, *options = command
    more = {"note": ["a text"], "transfer": ["jo.winter", "--reason", "x"]}.get(str(word), [])
    shop("card", word, KELLY.uuid, *more, *options).refused(1, KELLY.uuid)
    elsewhere = add_store(shop, "Elsewhere")
    shop("card", word, KELLY.uuid, *more, *options, "--store", elsewhere).refused(1, KELLY.uuid)
