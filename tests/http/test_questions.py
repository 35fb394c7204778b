"""``questions``: a store's directory in Second Life finds residents."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from gridgift import in_world_directory
from gridgift.domain import erasing, questions
from gridgift.domain.erasing import Mark
from gridgift.domain.questions import AGAIN_AFTER, KEPT_FOR, MISSED_FOR
from gridgift.domain.residents import Identifier
from gridgift.look_ups import BUDGETS
from gridgift.settings import IN_WORLD
from tests.api import KELLY, OWNER, ApiFixture, problem
from tests.http.in_world import InWorldObject, refused

NOVA: Final = "11111111-2222-4333-8444-555555555555"
NIL: Final = str(uuid.UUID(int=0))


class DirectoryObject(InWorldObject):
    """A directory that knows who is who; it answers each round with the next request."""

    def __init__(self, api: ApiFixture, **known: str) -> None:
        super().__init__(api, "directory")
        self.known = known
        self.asked: list[str] = []

    def round(self, answers: str = "") -> Any:
        """Ask for a round of questions."""
        answer = self.send("questions", {"answers": answers})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def turn(self) -> None:
        """Get a round and answer it."""
        ask = self.round()["ask"]
        answers = [self.answer(*each.split("|")) for each in ask.split(",") if each]
        if answers:
            self.round(",".join(answers))

    def answer(self, question: str, wanted: str) -> str:
        """Look a name or an avatar up."""
        self.asked.append(wanted)
        names = {uuid: name for name, uuid in self.known.items()}
        if wanted in names:
            return f"{question}|{wanted}|{names[wanted]}"
        return f"{question}|{self.known.get(wanted, NIL)}|{wanted}"

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let it work beside the test."""
        ended = threading.Event()

        def work() -> None:
            while not ended.wait(0.05):
                self.turn()

        worker = threading.Thread(target=work)
        worker.start()
        try:
            yield
        finally:
            ended.set()
            worker.join()


def grant(api: ApiFixture, name: str, **options: Any) -> Any:
    """Grant a card to whoever has this name."""
    path = f"/v1/customers/{name}/actions/grant-gift-card"
    return api.call("POST", path, json={"credit": 5}, **options)


@pytest.fixture
def shop(make_api: Callable[..., ApiFixture], monkeypatch: pytest.MonkeyPatch) -> ApiFixture:
    """An API whose resolver is in Second Life; nobody waits long for an answer."""
    monkeypatch.setattr(in_world_directory, "WAITS", 0.3)
    return make_api(resolver_url=IN_WORLD)


@pytest.fixture
def patient_shop(
    make_api: Callable[..., ApiFixture], monkeypatch: pytest.MonkeyPatch
) -> ApiFixture:
    """An API that waits for as long as a slow machine needs."""
    monkeypatch.setattr(in_world_directory, "WAITS", 30.0)
    return make_api(resolver_url=IN_WORLD)


@pytest.mark.contract("9.23", "9.25")
def test_an_unknown_resident_gets_a_card(patient_shop: ApiFixture) -> None:
    box = DirectoryObject(patient_shop, nova=NOVA, **{"jo.new": str(uuid.UUID(int=7))})
    with box.working():
        for name in ("Nova Resident", "nova"):
            card = grant(patient_shop, name)
            assert card.status_code == 200, card.text
            assert (card.json()["ownerUuid"], card.json()["ownerUsername"]) == (NOVA, "nova")
        by_uuid = grant(patient_shop, str(uuid.UUID(int=7)))
        assert by_uuid.json()["ownerUsername"] == "jo.new"
    assert box.asked == ["nova", str(uuid.UUID(int=7))]  # whom it knows it never asks for again
    assert patient_shop.sql("SELECT * FROM questions") == []


@pytest.mark.contract("9.25")
def test_nobody_has_the_name_and_it_is_not_asked_again(patient_shop: ApiFixture) -> None:
    box = DirectoryObject(patient_shop)
    with box.working():
        for wanted in ("no.one", NOVA):
            for _ in range(2):
                problem(grant(patient_shop, wanted), 404, "resident_not_found")
        assert box.asked == ["no.one", NOVA]
    patient_shop.clock.advance(MISSED_FOR / 1000)
    box.known["no.one"] = NOVA
    with box.working():
        assert grant(patient_shop, "no.one").status_code == 200


@pytest.mark.contract("9.25")
def test_pending_and_repeated_with_its_key(shop: ApiFixture) -> None:
    box, key = DirectoryObject(shop, nova=NOVA), {"Idempotency-Key": "order 7"}
    for _ in range(2):
        waiting = grant(shop, "nova", headers=key)
        pending = problem(waiting, 409, "directory_pending")
        assert pending["retryAfter"] == int(waiting.headers["retry-after"]) == 5
    box.turn()
    assert box.asked == ["nova"]  # both times it is one question
    cards = [grant(shop, "nova", headers=key) for _ in range(2)]
    assert [card.status_code for card in cards] == [200, 200]
    assert cards[0].content == cards[1].content


@pytest.mark.contract("9.25")
@pytest.mark.parametrize("state", ["none", "of another kind", "unpaired", "paused", "elsewhere"])
def test_a_store_without_a_directory_asks_nobody(shop: ApiFixture, state: str) -> None:
    if state == "of another kind":
        InWorldObject(shop, "terminal")
    elif state == "elsewhere":
        key, shop.key = shop.key, shop.add_key("units:write", store=shop.add_store("B", OWNER)).key
        DirectoryObject(shop)
        shop.key = key
    elif state != "none":
        box = DirectoryObject(shop)
        if state == "paused":
            shop.call("PATCH", f"/ext/v1/units/{box.id}", json={"paused": True})
            refused(box.send("questions", {}), 410, "disabled")
        else:
            shop.call("POST", f"/ext/v1/units/{box.id}/actions/revoke")
    problem(grant(shop, "nova"), 404, "resident_not_found")
    assert shop.sql("SELECT * FROM questions") == []


@pytest.mark.contract("9.23")
def test_rounds(shop: ApiFixture) -> None:
    """At most ten at once, each once, and those whose answers were lost again."""
    box = DirectoryObject(shop)
    assert box.round() == box.round() | {"code": "questions", "ask": "", "wait": 2}
    names = [f"longlonglonglonglonglonglong{n:02}.longlonglonglonglonglonglong" for n in range(13)]
    for name in names:
        shop.write(questions.ask, shop.store.id, name, f"{len(name)}{names.index(name):08}")
    first, second, third = box.round(), box.round(), box.round()
    asked = [each.split("|")[1] for each in first["ask"].split(",") + second["ask"].split(",")]
    assert asked == names
    assert (first["wait"], second["wait"], third["ask"]) == (5, 1, "")
    shop.clock.advance(AGAIN_AFTER / 1000)
    again = box.round()["ask"]
    assert again == first["ask"]
    shop.clock.advance(KEPT_FOR / 1000)
    shop.write(questions.ask, shop.store.id, "new", "0123456789")
    assert shop.sql("SELECT wanted FROM questions") == [("new",)]


@pytest.mark.contract("9.24")
def test_what_an_answer_says(shop: ApiFixture) -> None:
    box = DirectoryObject(shop)
    for number, name in enumerate(("old.name", "kelly.two", "no.one", "odd", NOVA)):
        shop.write(questions.ask, shop.store.id, name, f"{number:010x}")
    found = [str(uuid.UUID(int=number)) for number in range(1, 4)]
    answers = [
        f"0000000000|{found[0].upper()}|New Name",  # an old name, and the present one
        f"0000000001|{KELLY.uuid}|kelly.two",
        "0000000002||no.one",
        f"0000000003|{found[1]}|???",
        f"0000000004|{found[2]}|nova",  # of an avatar only the name is new
        f"00000000ff|{found[2]}|never.asked",
    ]
    for _ in range(2):  # the answer to the first was lost
        box.round(",".join(answers))

    def named(identifier: str) -> Any:
        body = shop.call("GET", f"/ext/v1/residents/{identifier}").json()
        return body.get("uuid"), body.get("username")

    assert named("old.name") == named("new.name") == (found[0], "new.name")
    assert named("kelly.two") == named("kelly") == (KELLY.uuid, "kelly.two")
    assert named("odd") == (found[1], "odd")
    assert named("nova") == (NOVA, "nova")
    assert shop.sql("SELECT wanted FROM questions") == [("no.one",)]
    assert named("no.one") == named("never.asked") == named(found[2]) == (None, None)


@pytest.mark.contract("9.24")
def test_another_stores_directory(shop: ApiFixture) -> None:
    """It answers no question of this store, and names nobody who has a name elsewhere."""
    shop.write(questions.ask, shop.store.id, "nova", "0123456789")
    ours, key = DirectoryObject(shop), shop.key
    shop.key = shop.add_key("units:write", store=shop.add_store("Elsewhere", OWNER)).key
    theirs = DirectoryObject(shop)
    assert theirs.round(f"0123456789|{NOVA}|nova")["ask"] == ""
    refused(theirs.send("questions", {}, time=0), 401, "time_invalid")
    shop.key = key
    assert ours.round()["ask"] == "0123456789|nova"
    ours.round(f"0123456789|{NOVA}|kelly")  # Kelly is another avatar
    kelly = shop.call("GET", "/ext/v1/residents/kelly").json()
    assert (kelly["uuid"], kelly["username"]) == (KELLY.uuid, "kelly")


@pytest.mark.contract("9.24")
def test_the_same_request_again_does_nothing(shop: ApiFixture) -> None:
    box, nonce = DirectoryObject(shop), str(uuid.uuid4())
    shop.write(questions.ask, shop.store.id, "nova", "0123456789")
    body = {"answers": f"0123456789|{NOVA}|nova"}
    first = box.send("questions", body, nonce=nonce)
    assert box.send("questions", body, nonce=nonce).json() == first.json()
    assert shop.sql("SELECT COUNT(*) FROM idempotency_keys") == [(0,)]


@pytest.mark.contract("9.25")
def test_many_names_have_a_budget(shop: ApiFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_world_directory, "WAITS", 0.0)
    DirectoryObject(shop)
    codes = [grant(shop, f"no.one{number}").json()["code"] for number in range(BUDGETS["key"] + 9)]
    assert codes[: BUDGETS["key"]] == ["directory_pending"] * BUDGETS["key"]
    assert "too_many_look_ups" in codes


@pytest.mark.contract("9.25")
def test_a_friend_who_is_asked_for(shop: ApiFixture) -> None:
    """At a terminal and at a vendor; a payment is a refund once the friend is not found in time."""
    box, terminal = DirectoryObject(shop, nova=NOVA), InWorldObject(shop, "terminal")
    vendor, nonce = InWorldObject(shop, "vendor"), str(uuid.uuid4())
    card = shop.grant(transfer=True)["id"]
    paid = shop.clock.now() // 1000
    passed = {"avatar": KELLY.uuid, "card": card, "friend": "nova"}
    bought = {"avatar": KELLY.uuid, "name": "kelly", "amount": 9, "paid_at": paid}
    for action, body in (("transfer", passed), ("purchase", bought | {"friend": "nova"})):
        waits = refused(box_send(terminal, vendor, action, body), 409, "directory_pending")
        assert waits["retryAfter"] == 5
        assert "nova" in waits["msg"]
    lost = bought | {"friend": "no.one"}
    refused(vendor.send("purchase", lost, nonce=nonce), 409, "directory_pending")
    shop.clock.advance(600)
    refused(vendor.send("purchase", lost, nonce=nonce), 422, "refund")
    box.known["no.one"] = NOVA
    box.turn()
    refused(vendor.send("purchase", lost, nonce=nonce), 422, "refund")  # for ever
    assert terminal.send("transfer", passed).json()["friend"] == "nova"
    assert vendor.send("purchase", bought | {"friend": "nova"}).status_code == 200


def box_send(terminal: InWorldObject, vendor: InWorldObject, action: str, body: Any) -> Any:
    """Send what a terminal or a vendor is made for."""
    return (vendor if action == "purchase" else terminal).send(action, body)


def test_erased_names_are_in_no_question(shop: ApiFixture) -> None:
    for number, name in enumerate(("kelly", "kelly.two")):
        shop.write(questions.ask, shop.store.id, name, f"{number:010x}")
    names = shop.read(erasing.names_of, Identifier(username="kelly"))
    shop.write(erasing.erase, names, lambda answer: answer, Mark())
    assert shop.sql("SELECT wanted FROM questions") == [("kelly.two",)]


def test_a_question_is_kept_for_a_day(shop: ApiFixture) -> None:
    DirectoryObject(shop)
    problem(grant(shop, "nova"), 409, "directory_pending")
    ((until_at,),) = shop.sql("SELECT until_at FROM questions")
    assert until_at == shop.clock.now() + KEPT_FOR
