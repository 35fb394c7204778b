"""Sending cards: everything is checked first, and nobody is given anything twice."""

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any, Final

import httpx2
import pytest

from gridgift.domain import erasing, search, sendings
from gridgift.domain.erasing import Mark
from gridgift.domain.residents import Identifier
from gridgift.domain.sendings import KEPT_FOR, Sending
from gridgift.operations import Operations
from gridgift.sending import ROWS_AT_ONCE, go_on, open_csv
from tests.api import JO, KELLY, OWNER, ApiFixture
from tests.dashboard.people import UNKNOWN, Browser, People
from tests.dashboard.test_cards import listed
from tests.domain.fixture import DomainFixture
from tests.domain.test_bulk_changes import raced
from tests.http.checks import one_engine
from tests.http.test_bulk_events import finished
from tests.test_directory import FOUND, Resolver

SEND: Final = "/dashboard/send"
PATIENCE: Final = 120.0  # seconds
MONEY: Final = "L$\N{NO-BREAK SPACE}"


def prepared(browser: Browser, answer: httpx2.Response) -> str:
    """Return the address of what is checked now, and load it."""
    assert answer.status_code == 303, answer.text
    address: str = answer.headers["location"]
    assert browser.get(address).status_code == 200
    return address


def owners(api: ApiFixture) -> list[tuple[str, int]]:
    """Return who has which credit, in order."""
    rows = api.sql("SELECT owner_uuid, credit FROM gift_cards ORDER BY credit, owner_uuid")
    return [(str(owner), credit) for owner, credit in rows]


def until(true: Callable[[], Any]) -> None:
    """Wait until something is true that happens beside requests."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


@pytest.mark.parametrize("gathered", [2_000, 1])
def test_what_was_sent_leads_to_exactly_its_cards(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch, gathered: int
) -> None:
    """Also where the same is sent once more, and where there are more cards than are gathered."""
    monkeypatch.setattr(search, "GATHERED", gathered)
    api.grant()
    seen: set[str] = set()
    for content in (b"username,credit\nkelly,5\njo.winter,6\n", b"username,credit\nkelly,7\n"):
        for again in (False, True):
            bo.get(SEND)
            address = prepared(bo, bo.upload(SEND, {"to": ""}, "names.csv", content))
            bo.post(address, {"again": "true"} if again else {})
            found = re.search(r'href="([^"]+)">See them in the list', bo.get(address).text)
            assert found is not None
            page = bo.get(unescape(found[1])).text
            cards = listed(page)
            assert len(cards) == content.count(b"\n") - 1 and not seen & set(cards)
            assert "Sent together" in page and f"{len(cards)} card" in page
            seen |= set(cards)
            api.clock.advance(1)
    narrowed = f"{unescape(found[1])}&least=8"
    assert listed(bo.get(narrowed).text) == []
    assert bo.get("/dashboard/cards?sent=x").status_code == 400
    nobody = prepared(bo, bo.upload(SEND, {"to": ""}, "zero.csv", b"username,credit\nkelly,0\n"))
    assert "See them in the list" not in bo.get(nobody).text


@pytest.mark.contract("9.39")
def test_pasted_names_are_checked_then_sent(api: ApiFixture, bo: Browser) -> None:
    bo.get(SEND)
    form = {"to": "Kelly Resident, jo.winter;nobody.known\r\n  \r\nwhat!?", "credit": "250",
            "transfer": "true", "reason": "autumn hunt", "expires_at": "2031-01-31"}  # fmt: skip
    address = prepared(bo, bo.post(SEND, form))
    page = bo.get(address).text
    assert f"2 cards, {MONEY}500 in all" in page and "2 refused" in page
    assert "Nobody known here is called nobody.known. Check how it is spelled." in page
    assert "what!?" in page and "This is neither a username" in page
    assert "31 Jan 2031<" in page
    assert owners(api) == []
    assert bo.post(address).headers["location"] == address
    assert sorted(owners(api)) == sorted([(KELLY.uuid, 250), (JO.uuid, 250)])
    page = bo.get(address).text
    assert "2 cards sent" in page and "2 refused" in page
    assert all(f"<bdi>{name}</bdi>" in page for name in ("nobody.known", "what!?"))
    assert "Nobody known here is called" in page and "This is neither a username" in page
    card = api.sql("SELECT id FROM gift_cards LIMIT 1")[0][0]
    (entry,) = api.entries(str(card))
    assert (entry.actor_kind, entry.actor_id, entry.reason) == ("operator", "Bo", "autumn hunt")
    assert api.card(str(card))["transfer"] is True
    bo.post(address)  # pressed twice
    assert len(owners(api)) == 2
    assert f'href="{address}">4 names<' in bo.get(SEND).text
    again = prepared(bo, bo.post(SEND, form))  # typed once more: they are to have two
    bo.post(again)
    assert len(owners(api)) == 4


@one_engine
def test_a_picture_is_shown_before_it_is_sent(bo: Browser) -> None:
    """From the form for all, and from the file's own column; who has none has the store's."""
    one, other = (f"01234567-89ab-cdef-0123-45678901234{digit}" for digit in "56")
    bo.get(SEND)
    text = f"username,credit,texture\nkelly,1,{other}\njo.winter,1,\n".encode()
    for address, pictures in (
        (bo.post(SEND, {"to": "kelly", "credit": "1", "texture": one}), [one]),
        (bo.upload(SEND, {"texture": one}, "in.csv", text), [other]),
    ):
        page = bo.get(prepared(bo, address)).text
        found = re.findall(r'src="https://picture-service.secondlife.com/([\w-]+)/60x45', page)
        assert found == pictures
    assert page.count("your store&#39;s</span>") + page.count("your store's</span>") == 1


def test_a_file_sent_again_gives_nobody_anything(api: ApiFixture, bo: Browser) -> None:
    text = b"username,credit\r\nkelly,100\r\njo.winter,0\r\njo.winter,300\r\n"
    bo.get(SEND)
    address = prepared(bo, bo.upload(SEND, {"reason": "hunt"}, "hunt.csv", text))
    assert "Line 3" in bo.get(address).text
    bo.post(address)
    assert owners(api) == [(KELLY.uuid, 100), (JO.uuid, 300)]
    bo.get(SEND)
    again = prepared(bo, bo.upload(SEND, {}, "renamed.csv", text))
    assert "This very file was sent before" in bo.get(again).text
    assert bo.post(again).headers["location"] == again
    assert "Nothing was sent" in bo.get(again).text
    assert len(owners(api)) == 2
    bo.post(again, {"again": "true"})
    assert len(owners(api)) == 4


@one_engine
def test_the_refused_rows_come_back_as_csv(api: ApiFixture, bo: Browser) -> None:
    lines = ["name;credit;mine", "kelly;100;a", "nobody.known;5;=b", "jo.winter;x;c"]
    bo.get(SEND)
    text = "\r\n".join(lines).encode("utf-8-sig")
    address = prepared(bo, bo.upload(SEND, {}, "in.csv", text))
    for _ in range(2):  # before it is sent, and afterwards
        answer = bo.get(f"{address}/refused")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="refused.csv"'
        header, *rows = csv.reader(io.StringIO(answer.text), delimiter=";")
        assert header == ["name", "credit", "mine", "line", "problem"]
        assert [row[:4] for row in rows] == [
            ["nobody.known", "5", "'=b", "3"], ["jo.winter", "x", "c", "4"]
        ]  # fmt: skip
        assert "nobody.known" in rows[0][4] and "credit" in rows[1][4]
        bo.get(address)
        bo.post(address)
    mended = f"{answer.text}".replace("nobody.known", JO.username).replace(";x;", ";7;").encode()
    bo.get(SEND)
    bo.post(prepared(bo, bo.upload(SEND, {}, "refused.csv", mended)))
    assert owners(api) == [(JO.uuid, 5), (JO.uuid, 7), (KELLY.uuid, 100)]


@pytest.mark.parametrize(
    ("fields", "content", "field", "why"),
    [
        ({}, b"", "to", "Must have a name"),
        ({"to": ",; \n"}, b"", "to", "Must have a name"),
        ({"to": "kelly"}, b"", "credit", "Is required"),
        ({"to": "kelly", "credit": "0"}, b"", "credit", "Must be a whole number from 1"),
        ({"to": "kelly", "credit": "1.5"}, b"", "credit", "Must be a whole number from 1"),
        ({"to": "kelly", "credit": "1", "expires_at": "soon"}, b"", "expires_at", "a date like"),
        ({"to": "kelly", "credit": "1", "texture": "x"}, b"", "texture", "Must be a UUID"),
        ({"to": "kelly", "credit": "1"}, b"name\nkelly\n", "to", "one or the other"),
        ({"credit": "1"}, b"colour\nred\n", "file", "must name the columns"),
        ({}, b"name\nkelly\n", "file", "credit"),
        ({"credit": "1"}, b"name\n", "file", "from 1 to 10,000 rows"),
        ({"credit": "1"}, b"name\n" + b"kelly\n" * 10_001, "file", "from 1 to 10,000 rows"),
        ({"credit": "1"}, "name\nkelly\n".encode("utf-16"), "file", "UTF-8"),
        ({"credit": "1"}, b"name,reason\nkelly,caf\xe9\n", "file", "UTF-8"),
        ({"credit": "1"}, b"name,reason\nkelly,\0\n", "file", "UTF-8"),
    ],
)
@one_engine
def test_what_is_wrong_stands_at_its_field(
    api: ApiFixture, bo: Browser, fields: dict[str, str], content: bytes, field: str, why: str
) -> None:
    bo.get(SEND)
    answer = bo.upload(SEND, fields, "in.csv" if content else "", content)
    assert answer.status_code == 400
    said = re.search(rf'id="{field}-problem">([^<]+)<', answer.text)
    assert said is not None and why in said[1]
    if "to" in fields:
        assert fields["to"].strip() in answer.text
    assert api.sql("SELECT COUNT(*) FROM sendings") == [(0,)]


@one_engine
def test_the_terms_fill_only_what_a_file_leaves_open(api: ApiFixture, bo: Browser) -> None:
    bo.get(SEND)
    form = {"credit": "9", "reason": "mine", "transfer": "true"}
    text = b'name,reason,note\nkelly,theirs,"a ""quoted"" one"\njo.winter,,\n'
    bo.post(prepared(bo, bo.upload(SEND, form, "in.csv", text)))
    rows = api.sql("SELECT owner_uuid, id FROM gift_cards")
    cards = {str(owner): str(card) for owner, card in rows}
    assert {api.card(card)["credit"] for card in cards.values()} == {9}
    assert {api.card(card)["transfer"] for card in cards.values()} == {True}
    assert api.entries(cards[KELLY.uuid])[0].reason == "theirs"
    assert api.entries(cards[JO.uuid])[0].reason == ""


@pytest.mark.contract("10.70")
def test_many_rows_go_on_after_the_page_is_closed(api: ApiFixture, bo: Browser) -> None:
    count = 2 * ROWS_AT_ONCE + 7
    text = b"username,credit\n" + b"kelly,3\n" * count
    bo.get(SEND)
    address = prepared(bo, bo.upload(SEND, {}, "many.csv", text))
    assert f"{count} cards, {MONEY}{3 * count} in all" in bo.get(address).text
    bo.post(address)
    until(lambda: "cards sent" in bo.get(address).text)
    assert f"{count} cards sent" in bo.get(address).text
    assert owners(api) == [(KELLY.uuid, 3)] * count
    assert "many.csv" in bo.get(SEND).text
    (event,) = finished(api)
    assert event["after"] == {"granted": count, "skipped": 0, "refused": 0, "amount": 3 * count}


@one_engine
def test_a_store_sees_nothing_of_anothers(api: ApiFixture, people: People, bo: Browser) -> None:
    bo.get(SEND)
    address = prepared(bo, bo.post(SEND, {"to": "kelly", "credit": "1"}))
    other = api.add_store("Elsewhere", OWNER)
    people.add("Eve", store=other)
    eve = people.browser()
    eve.use_link(people.link("Eve"))
    assert address not in eve.get(SEND).text
    for path in (address, f"{address}/refused"):
        assert eve.get(path).status_code == 404
    for path in (address, f"{address}/look-up"):
        assert eve.post(path).status_code == 404
    assert owners(api) == []


@one_engine
def test_a_clerk_names_nobody_anew_elsewhere(api: ApiFixture, bo: Browser) -> None:
    """A UUID with a username is noted for this store; a name of somebody else is refused."""
    new = "22222222-3333-4444-8555-666666666666"
    bo.get(SEND)
    text = f"uuid,username,credit\n{new},kelly,1\n{new},ada.lace,2\n{JO.uuid},ada.byron,3\n"
    address = prepared(bo, bo.upload(SEND, {}, "in.csv", text.encode()))
    assert f"2 cards, {MONEY}5 in all" in bo.get(address).text
    bo.post(address)
    assert owners(api) == [(new, 2), (JO.uuid, 3)]
    noted = api.sql("SELECT username, noted_by FROM resident_names WHERE noted_by IS NOT NULL")
    assert [(name, str(by)) for name, by in noted] == [("ada.lace", api.store.id)]
    assert api.grant()["ownerUsername"] == KELLY.username


def looked_up(browser: Browser, address: str) -> bool:
    """Tell whether the name is known now; else it is looked up again: an answer may come late."""
    known = f"1 card, {MONEY}5 in all" in browser.get(address).text
    if not known:
        assert browser.post(f"{address}/look-up").headers["location"] == address
    return known


def test_unknown_names_are_looked_up(make_api: Callable[..., ApiFixture]) -> None:
    with Resolver.started() as resolver:
        api = make_api(resolver_url=resolver.url, resolver_key="the key")
        bo = People(api).signed_in("Bo", "clerk")
        bo.get(SEND)
        form = {"to": "Philip Linden", "credit": "5"}
        address = prepared(bo, bo.post(SEND, form))
        until(lambda: looked_up(bo, address))
        bo.post(address)
        assert owners(api) == [(FOUND, 5)]
        resolver.says(500)
        failing = prepared(bo, bo.post(SEND, form | {"to": "ada.linden"}))
        assert "Look unknown names up" in bo.get(failing).text
        resolver.says(200, json.dumps({"agent_id": KELLY.uuid}).encode())
        until(lambda: looked_up(bo, failing))


@one_engine
def test_names_are_found_by_their_beginning(api: ApiFixture, bo: Browser) -> None:
    api.grant()
    api.grant(JO.username)
    found = bo.get(f"{SEND}?find=KE").text
    assert f'data-add="{KELLY.username}"' in found and JO.username not in found
    assert "nobody" not in bo.get(f"{SEND}?find=%3Cb%3E").text
    assert f">{JO.username}</textarea>" in bo.get(f"{SEND}?to={JO.username}").text


def test_sendings_are_forgotten(api: ApiFixture, bo: Browser) -> None:
    bo.get(SEND)
    addresses = [
        prepared(bo, bo.upload(SEND, {"credit": "5"}, "in.csv", f"name\n{names}\n".encode()))
        for names in ("kelly\nno.one", "jo.winter", "Kelly Resident")
    ]
    bo.post(addresses[0])
    assert api.sql("SELECT COUNT(*) FROM import_refusals") == [(1,)]
    names = api.read(erasing.names_of, Identifier(uuid=KELLY.uuid))
    api.write(erasing.erase, names, lambda answer: answer, Mark(0))
    assert [bo.get(address).status_code for address in addresses] == [404, 200, 404]
    assert api.sql("SELECT COUNT(*) FROM import_refusals") == [(0,)]
    assert api.write(sendings.forget, 10) == 0
    api.clock.advance(KEPT_FOR / 1000)
    assert api.write(sendings.forget, 10) == 1
    assert api.sql("SELECT COUNT(*) FROM sendings") == [(0,)]


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


def kept(domain: DomainFixture) -> Sending:
    """Keep a sending of three rows."""
    sending = Sending(
        domain.store.id, UNKNOWN, bytes(32), "x.csv",
        "username,credit\nkelly,1\nnobody.known,2\njo.winter,3\n", "{}", 3, "Bo",
    )  # fmt: skip
    domain.write(sendings.add, sending)
    return sending


def test_what_broke_off_goes_on_where_it_was(domain: DomainFixture) -> None:
    sending, operations = kept(domain), Operations(domain.database)
    domain.write(sendings.send, domain.store.id, sending.id, again=False)
    first = next(iter(open_csv(sending.text, sending.terms, "UTC")))
    domain.write(sendings.grant, sending, 0, [first.row], [sending.id])
    assert domain.read(sendings.unfinished) == [(domain.store.id, sending.id)]
    for _ in range(2):  # the second one finds that all is done
        domain.run(go_on(operations, domain.store.id, sending.id))
    done, came = domain.read(sendings.find, domain.store.id, sending.id)
    assert (came.rows_done, came.granted, came.refused) == (3, 2, 1)
    assert done.done_at is not None and came.finished_at is not None
    assert domain.read(sendings.unfinished) == []


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_button_that_is_pressed_twice_at_once_sends_once(domain: DomainFixture) -> None:
    sending = kept(domain)
    first, second = raced(domain, sendings.send, domain.store.id, sending.id, again=True)
    assert (first.sent_at, second.sent_at) == (None, domain.now)
