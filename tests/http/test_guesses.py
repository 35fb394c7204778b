"""Credentials that anyone can make up: beyond an address's limit nothing is looked up for them."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from gridgift.caches import REMEMBERED_FOR
from gridgift.credentials import HeardUnits
from gridgift.domain import keys, residents, tokens, units
from gridgift.domain.ids import new_id
from gridgift.http.edge import limits
from gridgift.http.edge.limits import FAILURES
from gridgift.limits import Limiter
from tests.api import JO, ApiFixture
from tests.http.checks import one_engine
from tests.http.in_world import InWorldObject, refused

pytestmark = one_engine

MakeShop = Callable[..., ApiFixture]
BEYOND: Final = 20
UNHEARD: Final = 5


@pytest.fixture
def api(make_api: MakeShop, monkeypatch: pytest.MonkeyPatch) -> ApiFixture:
    """A server with limits, that of units unheard of smaller than usual."""
    monkeypatch.setattr(limits, "OF_UNHEARD", UNHEARD)
    return make_api(rate_limit=1200, token_rate_limit=1000)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The look-ups and tries, by name, as they come."""
    found: list[str] = []
    for module, name in (
        (keys, "read"), (tokens, "find"), (residents, "find"), (units, "find"), (units, "pair"),
    ):  # fmt: skip
        listen(monkeypatch, found, module, name)
    return found


def listen(monkeypatch: pytest.MonkeyPatch, found: list[str], module: Any, name: str) -> None:
    """Note each call of a module's function."""
    whole, called = f"{module.__name__.rpartition('.')[2]}.{name}", getattr(module, name)

    def heard(*args: Any, **kwargs: Any) -> Any:
        found.append(whole)
        return called(*args, **kwargs)

    monkeypatch.setattr(module, name, heard)


def guesses() -> Iterator[int]:
    """Count tries until an address's limit, and on beyond it."""
    return iter(range(FAILURES + BEYOND))


@pytest.mark.contract("2.27")
@pytest.mark.parametrize(
    ("path", "header", "begins"),
    [("/v1/store", "X-API-Key", "allo_live"), ("/v1/customer/profile", "X-Customer-Token", "gct")],
)
def test_keys_and_tokens_that_were_not_signed_here_are_never_looked_up(
    api: ApiFixture, asked: list[str], path: str, header: str, begins: str
) -> None:
    made_up = [f"{begins}_{number:086}.{number:043}" for number in guesses()]
    answers = [api.call("GET", path, key=None, headers={header: text}) for text in made_up]
    assert [answer.status_code for answer in answers] == [401] * FAILURES + [429] * BEYOND
    assert asked == []
    assert api.call("GET", "/v1/store").status_code == 200


@pytest.mark.contract("9.14", "9.38")
def test_units_that_nobody_heard_of(api: ApiFixture, asked: list[str]) -> None:
    box = InWorldObject(api)
    asked.clear()
    api.clock.advance(60)
    for number in guesses():
        answer = box.post("claim", b"{}", box.headers() | {"X-GC-Unit": new_id()})
        assert answer.status_code == (401 if number < FAILURES else 429)
    assert asked == ["units.find"] * (FAILURES + 1 + UNHEARD)
    api.clock.advance(1)
    refused(box.post("claim", b"{}", box.headers() | {"X-GC-Unit": new_id()}), 401, "unit_unknown")


@pytest.mark.contract("9.38")
def test_a_unit_that_this_server_has_not_heard_yet(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is served though strangers at its address guess."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(HeardUnits, "note", lambda *_: None)
        boxes = [InWorldObject(api, maxCards=10) for _ in range(2)]
    for _ in range(FAILURES + 1):
        boxes[0].post("claim", b"{}", boxes[0].headers() | {"X-GC-Unit": new_id()})
    assert boxes[0].claim().status_code == 200
    for _ in range(UNHEARD):
        boxes[0].post("claim", b"{}", boxes[0].headers() | {"X-GC-Unit": new_id()})
    refused(boxes[1].claim(), 429, "rate_limited")
    assert boxes[0].claim(JO).status_code == 200


@pytest.mark.contract("9.14", "9.38")
def test_a_units_id_that_everyone_can_read(api: ApiFixture, asked: list[str]) -> None:
    """Beyond the limit it is looked up once in a few seconds, and for what it has signed."""
    box = InWorldObject(api, maxCards=10)
    for _ in guesses():
        box.post("claim", b"{}", box.headers())
    asked.clear()
    for _ in guesses():
        refused(box.post("claim", b"{}", box.headers()), 429, "rate_limited")
    assert asked == []
    assert box.claim().status_code == 200
    assert asked == ["units.find"]


@pytest.mark.contract("9.38")
def test_a_unit_that_was_paired_elsewhere_meanwhile(
    api: ApiFixture, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another server, of which this one hears nothing."""
    box = InWorldObject(api, maxCards=10)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(HeardUnits, "note", lambda *_: None)
        box.pair()
    closed(monkeypatch)
    asked.clear()
    refused(box.claim(), 429, "rate_limited")
    assert asked == []
    api.clock.advance(REMEMBERED_FOR + 0.1)
    assert box.claim().status_code == 200
    assert box.claim(JO).status_code == 200
    assert asked == ["units.find"] * 2


@pytest.mark.contract("9.38")
def test_a_revoked_unit_is_refused_at_once(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = InWorldObject(api)
    api.call("POST", f"/ext/v1/units/{box.id}/actions/revoke")
    closed(monkeypatch)
    refused(box.claim(), 429, "rate_limited")
    assert api.sql("SELECT count(*) FROM gift_cards") == [(0,)]


def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every address fail all the time."""
    monkeypatch.setattr(Limiter, "closed_for", lambda *_: 1)


@pytest.mark.contract("9.13")
def test_pairing_codes(api: ApiFixture, asked: list[str]) -> None:
    """Beyond the limit none is tried, not even the right one."""
    box = InWorldObject(api)
    api.clock.advance(60)
    good = box.code()
    asked.clear()
    for _ in guesses():
        box.send_code("AAAAA-AAAAA")
    refused(box.send_code(good), 429, "rate_limited")
    assert asked.count("units.pair") == FAILURES
    assert asked.count("units.find") == FAILURES + 1
    api.clock.advance(1)
    assert box.send_code(good).status_code == 200
