"""Idempotency keys: what holds for every write (contract section 10)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain import giftcards, idempotency
from gridgift.domain.model import ActorKind
from gridgift.http.edge.principal import Principal
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import change_credit, other_stores_key

GRANT = "/v1/customers/kelly/actions/grant-gift-card"
WEEK = 7 * 86_400


def grant(api: ApiFixture, idempotency_key: str | bytes, credit: int = 5, **options: Any) -> Any:
    """Grant a card with an idempotency key."""
    headers = {"Idempotency-Key": idempotency_key}
    return api.call("POST", GRANT, json={"credit": credit}, headers=headers, **options)


def cards(api: ApiFixture) -> int:
    """Count all cards of all stores."""
    ((count,),) = api.sql("SELECT count(*) FROM gift_cards")
    return int(count)


@pytest.mark.contract("10.3")
def test_the_same_request_is_answered_again(api: ApiFixture) -> None:
    first = grant(api, "once")
    assert first.status_code == 200
    assert "idempotent-replayed" not in first.headers
    api.call("POST", f"/v1/giftcards/{first.json()['id']}/actions/disable")
    with unchanged(api):
        again = grant(api, "once")
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (200, first.content)
    for name in ("content-type", "etag", "cache-control"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.contract("10.4")
def test_another_request_is_refused(api: ApiFixture) -> None:
    card = grant(api, "once").json()
    others = [
        ("POST", GRANT, {"credit": 6}),
        ("POST", GRANT.replace("kelly", "jo.winter"), {"credit": 5}),
        ("PUT", f"/v1/giftcards/{card['id']}", {"credit": 5}),
        ("POST", f"/v1/giftcards/{card['id']}/actions/disable", None),
    ]
    with unchanged(api):
        for method, path, body in others:
            response = api.call(method, path, json=body, headers={"Idempotency-Key": "once"})
            problem(response, 422, "idempotency_key_reused")


@pytest.mark.contract("10.1")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("abc", '"abc"'),
        ('a\\"b', '"a\\\\\\"b"'),
        ("a b!~", '"a b!~"'),
        ("x" * 255, f'"{"x" * 255}"'),
        ("abc", '"abc";a=1'),
        ("abc", '"abc"; *b.c-d_e=?1;f;  g=:YWJj:;h="; \\"i";j=%"caf%c3%a9"'),
        ("x" * 255, f'"{"x" * 255}";a={"y" * 255}'),
    ],
    ids=["plain", "escaped", "blank", "longest", "parameter", "parameters", "long parameter"],
)
def test_quoted_and_bare_are_one_key(api: ApiFixture, one: str, other: str) -> None:
    assert grant(api, one).status_code == 200
    assert grant(api, other).headers.get("idempotent-replayed") == "true"


@pytest.mark.contract("10.1")
@pytest.mark.parametrize(
    "key",
    [
        b"",
        b'""',
        b"x" * 256,
        b'"%s"' % (b"x" * 256),
        "ключ".encode(),
        b"caf\xe9",
        b"a\tb",
        b"a\x7f",
        b'"a',
        b'"a"b',
        b'"a", "a"',
        b'"a";',
        b'"a";B=1',
        b'"a";b=',
        b'"a";b=c d',
        b'"a\\b"',
        b'"";b=1',
    ],
    ids=repr,
)
@one_engine
def test_bad_keys(api: ApiFixture, key: bytes) -> None:
    with unchanged(api):
        body = problem(grant(api, key), 400, "validation_failed")
    assert body["errors"].keys() == {"Idempotency-Key"}


def grant_with_lines(api: ApiFixture, *lines: str) -> Any:
    """Grant a card with several lines of the header."""
    keys = [("Idempotency-Key", line) for line in lines]
    return api.client.post(GRANT, json={"credit": 5}, headers=[("X-API-Key", api.key), *keys])


@pytest.mark.contract("10.1")
@pytest.mark.parametrize("lines", [("a", "b"), ("b", "a"), ("a", "a", "b")], ids=" ".join)
@one_engine
def test_several_keys_are_none(api: ApiFixture, lines: tuple[str, ...]) -> None:
    grant(api, "b")
    with unchanged(api):
        body = problem(grant_with_lines(api, *lines), 400, "validation_failed")
    assert body["errors"].keys() == {"Idempotency-Key"}


@pytest.mark.contract("10.1")
@pytest.mark.parametrize("times", [2, 3])
@one_engine
def test_a_retry_that_adds_its_key_again_grants_nothing(api: ApiFixture, times: int) -> None:
    first = grant_with_lines(api, "once")
    with unchanged(api):
        again = grant_with_lines(api, *["once"] * times)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content


@pytest.mark.contract("10.2")
def test_another_store_may_use_the_same_key(api: ApiFixture) -> None:
    other = other_stores_key(api, "giftcards:write")
    one, two = grant(api, "once"), grant(api, "once", key=other)
    assert one.json()["id"] != two.json()["id"]
    assert grant(api, "once", key=other).json() == two.json()
    assert cards(api) == 2


@pytest.mark.contract("10.2")
def test_another_key_of_the_store_shares_it(api: ApiFixture) -> None:
    first = grant(api, "once")
    again = grant(api, "once", key=api.add_key("giftcards:write").key)
    assert again.content == first.content


CALLERS = st.builds(
    lambda kind, who: Principal(actor_kind=kind, actor_id=who),
    st.sampled_from(get_args(ActorKind)),
    st.sampled_from([KELLY.uuid, JO.uuid, "7"]),
)
# keys of all kinds, and such as read like another caller's
KEYS = st.one_of(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=255),
    st.builds(lambda who, text: who.own_key(text).replace("\n", " "), CALLERS, st.just("x")),
    st.builds(lambda who, text: f"{who.actor_id} {text}", CALLERS, st.just("x")),
)


@pytest.mark.contract("10.2")
@given(CALLERS, KEYS, CALLERS, KEYS)
def test_no_key_is_stored_as_another_callers(
    one: Principal, key: str, other: Principal, other_key: str
) -> None:
    """Keys of a store's programs are all one caller's: the store's."""
    same_caller = one == other or one.actor_kind == other.actor_kind == "key"
    same = same_caller and key == other_key
    assert (one.own_key(key) == other.own_key(other_key)) is same


@pytest.mark.contract("10.2")
def test_a_stores_key_is_never_a_residents(api: ApiFixture) -> None:
    page, cards = CustomerPage(api), [api.grant()["id"] for _ in range(3)]
    alike = [f"{KELLY.uuid} once", f"resident {KELLY.uuid} once", "once"]
    for key in alike:
        assert grant(api, key).status_code == 200
    for card, key in zip(cards, alike, strict=True):
        redeemed = page.redeem(card, headers={"Idempotency-Key": key})
        assert redeemed.json() is True, redeemed.text
        assert "idempotent-replayed" not in redeemed.headers
    for card, key in zip(cards, alike, strict=True):
        again = page.redeem(card, headers={"Idempotency-Key": key})
        assert (again.json(), again.headers["idempotent-replayed"]) == (True, "true")
        assert grant(api, key).headers["idempotent-replayed"] == "true"


def test_a_replay_needs_the_scope_too(api: ApiFixture) -> None:
    grant(api, "once")
    problem(grant(api, "once", key=api.add_key("store:read").key), 403, "scope_missing")


@pytest.mark.contract("10.5")
def test_an_answer_is_kept_for_7_days(api: ApiFixture) -> None:
    first = grant(api, "once")
    api.clock.advance(WEEK - 1)
    assert grant(api, "once").content == first.content
    api.clock.advance(1)
    second = grant(api, "once", credit=6)
    assert second.json()["id"] != first.json()["id"]
    api.clock.advance(WEEK - 1)
    assert grant(api, "once", credit=6).content == second.content
    assert cards(api) == 2


@pytest.mark.contract("10.5")
@pytest.mark.parametrize("days", [8, 400])
def test_a_clock_that_leapt_makes_no_answer_old(api: ApiFixture, days: int) -> None:
    """What was granted meanwhile, by the same clock, does not speak for it."""
    first = grant(api, "once")
    api.clock.leap(days * 86_400)
    grant(api, "meanwhile")
    assert grant(api, "once").content == first.content
    api.clock.leap(-days * 86_400)
    assert grant(api, "once").content == first.content
    assert cards(api) == 2


@pytest.mark.contract("10.5")
def test_after_a_month_without_a_card_answers_are_kept_until_the_next(api: ApiFixture) -> None:
    first = grant(api, "once")
    api.clock.advance(30 * 86_400)
    change_credit(api, "deposit", 5)
    problem(grant(api, "once", credit=6), 422, "idempotency_key_reused")
    grant(api, "meanwhile")
    assert grant(api, "once", credit=6).json()["id"] != first.json()["id"]


@pytest.mark.contract("10.5")
def test_old_answers_are_forgotten(api: ApiFixture) -> None:
    grant(api, "old")
    api.clock.advance(WEEK + 3600)
    grant(api, "new")
    assert api.write(idempotency.forget, 1000) == 1
    assert api.sql("SELECT key FROM idempotency_keys") == [("new",)]


@pytest.mark.contract("10.11")
@pytest.mark.contract("10.6")
def test_a_refused_request_leaves_the_key_free(api: ApiFixture) -> None:
    with unchanged(api):
        problem(grant(api, "once", credit=0), 400, "validation_failed")
        response = api.call(
            "POST",
            GRANT.replace("kelly", "nobody"),
            json={"credit": 5},
            headers={"Idempotency-Key": "once"},
        )
        problem(response, 404, "resident_not_found")
    assert grant(api, "once").status_code == 200


@pytest.mark.contract("10.6")
def test_a_lost_precondition_leaves_the_key_free(api: ApiFixture) -> None:
    card = api.grant()
    path, once = f"/v1/giftcards/{card['id']}", {"Idempotency-Key": "once"}
    etag = api.call("GET", path).headers["etag"]
    with unchanged(api):
        response = api.call("PUT", path, json={}, headers=once | {"If-Match": '"other"'})
        problem(response, 412, "precondition_failed")
    response = api.call("PUT", path, json={}, headers=once | {"If-Match": etag})
    assert response.status_code == 200
    assert api.call("PUT", path, json={}, headers=once | {"If-Match": etag}).status_code == 200


@pytest.mark.contract("10.6")
@pytest.mark.parametrize("broken", [(idempotency, "store_all"), (giftcards, "etag")], ids=str)
def test_effect_and_answer_are_there_together_or_not_at_all(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch, broken: tuple[Any, str]
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("after the card was added")

    with monkeypatch.context() as patch, unchanged(api):
        patch.setattr(*broken, fail)
        problem(grant(api, "once"), 500, "internal_error")
    assert grant(api, "once").status_code == 200
    assert cards(api) == 1


@pytest.mark.contract("10.3", "10.6")
def test_the_same_key_at_the_same_time_grants_once(api: ApiFixture) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: grant(api, "once"), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 15
    assert cards(api) == 1


@one_engine
def test_reads_take_no_key(api: ApiFixture) -> None:
    with unchanged(api):
        response = api.call("GET", "/v1/store", headers={"Idempotency-Key": "x" * 300})
    assert response.status_code == 200
