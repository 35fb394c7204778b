"""``messages``: residents are told of new cards by the store's terminals."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from gridgift.domain import stores
from gridgift.domain.announcements import AGAIN_AFTER, DROPPED, KEPT_FOR, NOT_SENT, SENT, TOO_LATE
from gridgift.domain.stores import StoreChanges
from gridgift.messages import say
from tests.api import KELLY, OWNER, ApiFixture
from tests.http.in_world import InWorldObject
from tests.http.requests import ext

NOTHING: Final = {"code": "messages", "id": "", "avatar": "", "text": "", "wait": 20}


def ask(terminal: InWorldObject, *sent: str) -> Any:
    """Ask for the next message."""
    answer = terminal.send("messages", {"sent": ",".join(sent)})
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name != "msg"}


def announce(api: ApiFixture, setting: str) -> None:
    """Set what the store does where a grant says nothing."""
    api.write(stores.update, api.store.id, StoreChanges(announce=setting))


def history(api: ApiFixture, card: str) -> list[tuple[str, str, str]]:
    """Return what was done to a card, why, and by what kind of actor."""
    return [(entry.kind, entry.reason, entry.actor_kind) for entry in api.entries(card)]


@pytest.mark.contract("9.26", "9.27")
def test_a_resident_is_told(api: ApiFixture) -> None:
    terminal = InWorldObject(api, "terminal")
    assert ask(terminal) == NOTHING
    card = api.grant(credit=70, announce=True)["id"]
    text = say("announcement", "en", credit=70, store=api.store.name)
    told = ask(terminal)
    assert told == NOTHING | {"id": card, "avatar": KELLY.uuid, "text": text, "wait": 2}
    assert ask(terminal) == NOTHING  # it has been taken
    assert ask(terminal, card.upper()) == NOTHING
    assert history(api, card)[1:] == [("noted", SENT, "unit")]
    assert ask(terminal, card) == NOTHING  # the answer was lost
    api.clock.advance(AGAIN_AFTER / 1000)
    assert ask(terminal) == NOTHING
    assert len(history(api, card)) == 2


@pytest.mark.contract("9.26")
@pytest.mark.parametrize(
    ("setting", "grant", "told"),
    [("no", {}, False), ("no", {"announce": True}, True), ("yes", {}, True),
     ("yes", {"announce": False}, False), ("link", {"expiresAt": None}, True)],
)  # fmt: skip
def test_who_decides(api: ApiFixture, setting: str, grant: Any, told: bool) -> None:
    announce(api, setting)
    card = api.grant(**grant)["id"]
    assert ask(InWorldObject(api, "terminal"))["id"] == (card if told else "")


@pytest.mark.contract("9.26")
def test_many_grants_and_gifts(api: ApiFixture) -> None:
    """Rows of a bulk, and what a friend has bought; who touches an object is told there."""
    announce(api, "yes")
    terminal, vendor = InWorldObject(api, "terminal"), InWorldObject(api, "vendor")
    InWorldObject(api).claim()
    paid = {"avatar": KELLY.uuid, "name": "kelly", "amount": 9, "paid_at": 1_790_000_000}
    vendor.send("purchase", paid)
    assert ask(terminal) == NOTHING
    gift = vendor.send("purchase", paid | {"friend": "jo.winter"}).json()["card"]
    lines = [{"identifier": "kelly", "credit": n, "announce": n != 2} for n in (1, 2, 3)]
    bulk = api.call(
        "POST",
        "/ext/v1/giftcards/bulk",
        content="\n".join(map(json.dumps, lines)),
        headers={"Content-Type": "application/jsonl"},
    )
    first, _, third = (row["id"] for row in bulk.json()["results"])
    assert [ask(terminal)["id"] for _ in range(4)] == [gift, first, third, ""]


@pytest.mark.contract("9.27")
def test_a_message_is_told_again_until_it_was_sent(api: ApiFixture) -> None:
    cards = [api.grant(announce=True)["id"] for _ in range(2)]
    terminal, other = InWorldObject(api, "terminal"), InWorldObject(api, "terminal")
    assert {ask(terminal)["id"], ask(other)["id"]} == set(cards)  # never the same one at once
    api.clock.advance(AGAIN_AFTER / 1000)
    assert ask(other)["id"] == cards[0]
    assert ask(other, *cards) == NOTHING
    for card in cards:
        assert history(api, card)[1:] == [("noted", SENT, "unit")]


@pytest.mark.contract("9.27")
def test_nobody_comes_for_a_week(api: ApiFixture) -> None:
    old = api.grant(announce=True)["id"]
    api.clock.advance(KEPT_FOR / 1000 + 1)
    new = api.grant(announce=True)["id"]
    assert ask(InWorldObject(api, "terminal"))["id"] == new
    assert history(api, old)[1:] == [("noted", NOT_SENT, "unit")]


@pytest.mark.contract("9.27")
def test_cards_that_have_gone_hold_nobody_up(api: ApiFixture) -> None:
    """However many they are, a request drops some of them and no more."""
    gone = [api.grant(announce=True)["id"] for _ in range(DROPPED + 1)]
    for card in gone:
        api.redeem(card)
    left = api.grant(announce=True)["id"]
    terminal = InWorldObject(api, "terminal")
    assert ask(terminal) == NOTHING
    assert [len(history(api, card)) for card in gone] == [2] * DROPPED + [1]
    assert ask(terminal)["id"] == left
    assert history(api, gone[-1])[1:] == [("noted", TOO_LATE, "unit")]


@pytest.mark.contract("9.28")
def test_in_the_residents_language(api: ApiFixture) -> None:
    terminal = InWorldObject(api, "terminal")
    for lang in ("", "de", "ja-JP", "xx"):
        api.grant(announce=True)
        terminal.send("wallet", {"avatar": KELLY.uuid.upper(), "name": "kelly", "lang": lang})
        told = ask(terminal)
        assert told["text"] == say("announcement", lang, credit=500, store=api.store.name)


@pytest.mark.contract("9.28")
def test_with_the_residents_link(api: ApiFixture) -> None:
    announce(api, "link")
    terminal = InWorldObject(api, "terminal")
    card = api.grant()["id"]
    link = urlsplit(ask(terminal)["text"].split()[-1])
    assert (link.path, link.fragment[:3]) == ("/me", "ct=")
    token = link.fragment.removeprefix("ct=")
    headers = {"X-Customer-Token": token}
    listed = api.call("GET", "/v1/customer/giftcards", key=None, headers=headers)
    assert [each["id"] for each in listed.json()["data"]] == [card]


@pytest.mark.contract("9.16", "9.28")
def test_the_longest_message(api: ApiFixture) -> None:
    host = ".".join([*(3 * ["x" * 63]), "x" * 48, "test"])
    changes = StoreChanges(
        name="東" * 128, announce="link", customer_origin=f"https://{host}:12345"
    )
    api.write(stores.update, api.store.id, changes)
    terminal = InWorldObject(api, "terminal")
    seen = {"avatar": KELLY.uuid, "name": "kelly", "lang": "ja"}
    api.grant(credit=2**31 - 1)
    terminal.send("wallet", seen)
    assert "#ct=" in ask(terminal)["text"]  # and every answer has less than a kilobyte


@pytest.mark.contract("9.27")
def test_another_stores_terminal(api: ApiFixture) -> None:
    """It is told nothing of this store, and has sent nothing of it."""
    card, key = api.grant(announce=True)["id"], api.key
    api.key = api.add_key("units:write", store=api.add_store("Elsewhere", OWNER)).key
    assert ask(InWorldObject(api, "terminal"), card) == NOTHING
    api.key = key
    assert len(history(api, card)) == 1
    assert ask(InWorldObject(api, "terminal"))["id"] == card


@pytest.mark.contract("9.27")
def test_what_happened_meanwhile(api: ApiFixture) -> None:
    """Nobody is told of a card that was passed on or redeemed; of one that is off, they are."""
    passed, redeemed, off = (api.grant(transfer=True, announce=True)["id"] for _ in range(3))
    ext(api, passed, "transfer", {"receiverIdentifier": "jo.winter"})
    terminal = InWorldObject(api, "terminal")
    terminal.send("redeem", {"avatar": KELLY.uuid, "card": redeemed})
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    assert ask(terminal)["id"] == off
    for card in (passed, redeemed):
        assert history(api, card)[-1] == ("noted", TOO_LATE, "unit")


@pytest.mark.contract("9.26")
def test_a_reference_once_more_announces_nothing(api: ApiFixture) -> None:
    cards = {api.grant(reference="order 7", announce=told)["id"] for told in (True, False, True)}
    terminal = InWorldObject(api, "terminal")
    assert {ask(terminal)["id"]} == cards
    assert ask(terminal) == NOTHING
