"""The directory: unknown usernames are asked for outside, politely (contract section 5)."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec
import pytest

from gridgift import directory
from gridgift.directory import Directory
from gridgift.domain import residents
from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.residents import Identifier
from gridgift.limits import Bucket
from gridgift.look_ups import BUDGETS
from tests.api import ApiFixture, problem
from tests.domain.fixture import DomainFixture
from tests.http.customer_page import CustomerPage
from tests.serving import free_port

FOUND: Final = "11111111-2222-4333-8444-555555555555"
FAST: Final = 0.05  # seconds between requests in most tests


class Asked(msgspec.Struct, frozen=True):
    """A request that reached the resolver."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Resolver:
    """A resolver on a port of this machine; ``answer`` says what it says."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.status = 200
        self.body = json.dumps({"agent_id": FOUND}).encode()
        self.delay = 0.0
        self.url = ""

    def says(self, status: int, body: bytes = b"{}", delay: float = 0.0) -> None:
        self.status, self.body, self.delay = status, body, delay

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["Resolver"]:
        resolver = cls()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                headers = {name.lower(): text for name, text in self.headers.items()}
                body = json.loads(self.rfile.read(size))
                now = time.monotonic()
                resolver.asked.append(Asked(now, self.command, self.path, headers, body))
                time.sleep(resolver.delay)
                try:
                    self.send_response(resolver.status)
                    self.send_header("content-length", str(len(resolver.body)))
                    self.send_header("location", "/elsewhere")
                    self.end_headers()
                    self.wfile.write(resolver.body)
                except OSError:
                    pass  # whoever asked has left

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        resolver.url = f"http://127.0.0.1:{server.server_port}/get_agent_id"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield resolver
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """A resolver, and a directory that need not wait between requests, but may for an answer."""
    monkeypatch.setattr(directory, "INTERVAL", FAST)
    monkeypatch.setattr(directory, "TIMEOUT", 60.0)
    with Resolver.started() as started:
        yield started


@pytest.fixture
def engine() -> str:
    """The directory knows no engine, so one is enough."""
    return "sqlite"


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


Learn = Callable[..., Any]


@pytest.fixture
def learn(domain: DomainFixture, resolver: Resolver) -> Iterator[Learn]:
    """Ask the directory for names, all at once."""

    async def make() -> Directory:
        return Directory(domain.database, resolver.url, "the key")

    made = domain.run(make())

    async def ask(names: tuple[str, ...]) -> list[Any]:
        questions = (made.learn(name) for name in names)
        return await asyncio.gather(*questions, return_exceptions=True)

    yield lambda *names: domain.run(ask(names))
    domain.run(made.close())


def refusal(outcomes: list[Any], *, failed: bool) -> ResidentNotFound:
    (outcome,) = outcomes
    assert isinstance(outcome, ResidentNotFound), outcome
    assert ("directory could not be asked" in outcome.detail) is failed
    return outcome


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("philip.linden", {"username": "philip", "lastname": "linden"}),
        ("kellynew", {"username": "kellynew", "lastname": "resident"}),
    ],
)
def test_the_request_has_the_documented_form(
    learn: Learn, resolver: Resolver, name: str, body: Any
) -> None:
    assert learn(name) == [None]
    (asked,) = resolver.asked
    assert (asked.method, asked.path) == ("POST", "/get_agent_id")
    assert asked.headers["api-key"] == "the key"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == body


def test_who_is_found_is_remembered(learn: Learn, domain: DomainFixture) -> None:
    assert learn("philip.linden") == [None]
    found = domain.read(residents.find, domain.store.id, Identifier(username="philip.linden"))
    assert found.uuid == FOUND
    assert (
        domain.read(residents.find, domain.store.id, Identifier(uuid=FOUND)).username
        == "philip.linden"
    )


def test_an_upper_case_answer_is_the_same_avatar(
    learn: Learn, domain: DomainFixture, resolver: Resolver
) -> None:
    avatar = str(uuid.uuid4())
    resolver.says(200, json.dumps({"agent_id": avatar.upper(), "more": 1}).encode())
    assert learn("philip.linden") == [None]
    assert (
        domain.read(residents.find, domain.store.id, Identifier(username="philip.linden")).uuid
        == avatar
    )


@pytest.mark.contract("5.3")
def test_nobody_has_the_name_and_it_is_not_asked_again(learn: Learn, resolver: Resolver) -> None:
    resolver.says(404)
    for _ in range(3):
        refusal(learn("nobody.here"), failed=False)
    assert len(resolver.asked) == 1
    refusal(learn("nobody.there"), failed=False)
    assert len(resolver.asked) == 2


def test_misses_are_forgotten_after_a_while(
    learn: Learn, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MISSED_FOR", 0.01)
    resolver.says(404)
    refusal(learn("newcomer"), failed=False)
    time.sleep(0.02)
    resolver.says(200, json.dumps({"agent_id": FOUND}).encode())
    assert learn("newcomer") == [None]


def test_only_so_many_misses_are_kept(
    learn: Learn, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MAX_MISSES", 2)
    resolver.says(404)
    for name in ("a", "b", "c", "b", "c", "a"):
        refusal(learn(name), failed=False)
    assert [asked.body["username"] for asked in resolver.asked] == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oh"), (503, b""), (429, b""), (401, b""), (400, b"{}"), (302, b""), (200, b""),
        (200, b"<html>"), (200, b"[]"), (200, b"null"), (200, b"{}"), (200, b"\xff\xfe\xff"),
        (200, b'{"agent_id": null}'), (200, b'{"agent_id": 5}'), (200, b'{"agent_id": "x"}'),
        (200, json.dumps({"agent_id": NIL_UUID}).encode()), (200, b"[" * 100_000),
        (200, b'{"agent_id": [' * 20_000), (200, b'{"agent_id": "\\ud800"}'),
        (200, b'{"agent_id": "\xff"}'),
    ],
)  # fmt: skip
def test_any_other_answer_is_a_failure(
    learn: Learn, resolver: Resolver, status: int, body: bytes
) -> None:
    resolver.says(status, body)
    refusal(learn("philip.linden"), failed=True)
    resolver.says(200, json.dumps({"agent_id": FOUND}).encode())
    assert learn("philip.linden") == [None]  # failures are not kept: the next one asks again


def test_a_slow_answer_is_a_failure(
    learn: Learn, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "TIMEOUT", 0.2)
    resolver.says(200, delay=60.0)
    started = time.monotonic()
    refusal(learn("philip.linden"), failed=True)
    assert time.monotonic() - started < 20


def test_nobody_listens(domain: DomainFixture) -> None:
    async def ask() -> None:
        made = Directory(domain.database, f"http://127.0.0.1:{free_port()}/x", "")
        with pytest.raises(ResidentNotFound, match="could not be asked"):
            await made.learn("philip.linden")
        await made.close()

    domain.run(ask())


def test_uuids_can_not_be_asked_for(learn: Learn, resolver: Resolver) -> None:
    refusal(learn(str(uuid.uuid4())), failed=False)
    assert resolver.asked == []


def test_requests_keep_their_distance(learn: Learn, resolver: Resolver) -> None:
    resolver.says(404)
    started = time.monotonic()
    learn(*(f"name{number}" for number in range(6)))
    times = sorted(asked.at - started for asked in resolver.asked)
    assert len(times) == 6
    for number, arrived in enumerate(times):  # a busy machine may deliver late, never early
        assert arrived > number * FAST * 0.9


def test_the_distance_is_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    assert directory.INTERVAL >= 0.5


def test_whoever_waits_for_too_long_is_told_so(
    learn: Learn, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver.says(404)
    for slower in (1, 5, 25):  # a busy machine may have no answer in time
        monkeypatch.setattr(directory, "TIMEOUT", 0.4 * slower)
        monkeypatch.setattr(directory, "INTERVAL", 0.3 * slower)
        resolver.asked.clear()
        outcomes = learn(*(f"name{number}.{slower}" for number in range(6)))
        waited_in_vain = [o for o in outcomes if "could not be asked" in o.detail]
        assert len(waited_in_vain) >= 3
        assert len(resolver.asked) <= 3
        if len(waited_in_vain) < len(outcomes):
            return
    raise AssertionError("nobody is asked for at all")


def grant(api: ApiFixture, name: str) -> Any:
    path = f"/v1/customers/{name}/actions/grant-gift-card"
    return api.call("POST", path, json={"credit": 5})


@pytest.fixture
def asking_shop(make_api: Callable[..., ApiFixture], resolver: Resolver) -> ApiFixture:
    """An API with a resolver."""
    return make_api(resolver_url=resolver.url, resolver_key="the key")


def test_an_unknown_resident_gets_a_card_after_a_look_up(
    asking_shop: ApiFixture, resolver: Resolver
) -> None:
    for name in ("Philip.Linden", "Philip Linden", "philip.linden"):
        card = grant(asking_shop, name)
        assert card.status_code == 200, card.text
        assert card.json()["ownerUuid"] == FOUND
        assert card.json()["ownerUsername"] == "philip.linden"
    assert len(resolver.asked) == 1  # whom it found it never asks for again


def test_a_look_up_happens_once_under_an_idempotency_key_too(
    asking_shop: ApiFixture, resolver: Resolver
) -> None:
    path = "/v1/customers/philip.linden/actions/grant-gift-card"
    headers = {"Idempotency-Key": "once"}
    answers = [
        asking_shop.call("POST", path, json={"credit": 5}, headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert len(resolver.asked) == 1


@pytest.mark.contract("5.4")
def test_a_list_looks_up_too(asking_shop: ApiFixture) -> None:
    response = asking_shop.call("GET", "/v1/customers/philip.linden/giftcards")
    assert response.status_code == 200
    assert response.json()["data"] == []


@pytest.mark.contract("5.3")
def test_nobody_has_the_name(asking_shop: ApiFixture, resolver: Resolver) -> None:
    resolver.says(404)
    body = problem(grant(asking_shop, "nobody.here"), 404, "resident_not_found")
    assert "directory" not in body["detail"]


def test_the_directory_can_not_be_asked(asking_shop: ApiFixture, resolver: Resolver) -> None:
    resolver.says(500)
    body = problem(grant(asking_shop, "philip.linden"), 404, "resident_not_found")
    assert "directory could not be asked" in body["detail"]


def test_malformed_names_are_not_asked_for(asking_shop: ApiFixture, resolver: Resolver) -> None:
    problem(grant(asking_shop, "no_such_name!"), 400, "identifier_malformed")
    assert resolver.asked == []


def test_without_a_resolver_nobody_is_asked(api: ApiFixture) -> None:
    body = problem(grant(api, "philip.linden"), 404, "resident_not_found")
    assert "directory" not in body["detail"]


def until_refused(ask: Callable[[str], Any], budget: int) -> Any:
    """Ask for one unknown name after the other; a slow machine may get some more of them."""
    answers = [ask("nobody0")]
    while answers[-1].json()["code"] in {"receiver_not_found", "resident_not_found"}:
        assert len(answers) < 10 * budget
        answers.append(ask(f"nobody{len(answers)}"))
    assert len(answers) > budget
    refused = problem(answers[-1], 429, "too_many_look_ups")
    assert 0 < int(answers[-1].headers["retry-after"]) == refused["retryAfter"] <= 60 / budget
    return answers


def test_a_link_that_asks_for_many_names_leaves_the_store_its_own(
    asking_shop: ApiFixture, resolver: Resolver
) -> None:
    page = CustomerPage(asking_shop)
    card = asking_shop.grant(transfer=True)["id"]
    resolver.says(404)
    answers = until_refused(partial(page.transfer, card), BUDGETS["token"])
    assert len(resolver.asked) == len(answers) - 1
    resolver.says(200, json.dumps({"agent_id": FOUND}).encode())
    assert grant(asking_shop, "philip.linden").status_code == 200
    assert page.transfer(card, "philip.linden").status_code == 200  # who is known needs no look-up


def test_each_key_has_a_budget_of_its_own(asking_shop: ApiFixture, resolver: Resolver) -> None:
    resolver.says(404)
    until_refused(partial(grant, asking_shop), BUDGETS["key"])
    problem(grant(asking_shop, "nobody0"), 404, "resident_not_found")  # a known miss
    other = asking_shop.add_key("giftcards:write").key
    path = "/v1/customers/somebody/actions/grant-gift-card"
    answer = asking_shop.call("POST", path, json={"credit": 5}, key=other)
    problem(answer, 404, "resident_not_found")


def test_whoever_asks_for_one_name_does_not_wait_for_anothers_many(
    domain: DomainFixture, resolver: Resolver
) -> None:
    """A key and twenty links ask for many names each; a second key asks for one."""

    async def ask() -> None:
        made = Directory(domain.database, resolver.url, "the key")
        key, other = Bucket("key", "a"), Bucket("key", "b")
        links = [Bucket("token", str(number)) for number in range(20)]
        many = [made.learn(f"key{number}", key) for number in range(10)]
        many += [made.learn(f"link{number}", link) for number, link in enumerate(links)]
        waiting = [asyncio.ensure_future(question) for question in many]
        while not resolver.asked:
            await asyncio.sleep(0.01)
        await asyncio.gather(made.learn("one", other), *waiting, return_exceptions=True)
        await made.close()

    resolver.says(404)
    domain.run(ask())
    names = [asked.body["username"] for asked in resolver.asked]
    assert names.index("one") <= 4
