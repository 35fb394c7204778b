"""Rate limits, with both clocks in the test's hand (contract section 2)."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from gridgift.http.edge.limits import FAILURES
from gridgift.settings import Settings
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine, unchanged

MakeShop = Callable[..., ApiFixture]
PATH = "/v1/store"

pytestmark = one_engine


def over(response: Any, retry_after: int) -> None:
    """Assert that a request was over the limit."""
    body = problem(response, 429, "rate_limited")
    assert response.headers["retry-after"] == str(retry_after)
    assert body["retryAfter"] == retry_after


def failures(api: ApiFixture, peer: str, forwarded: str = "") -> list[int]:
    """Fail to authenticate once more often than an address may; return the statuses."""
    api.client.peer = (peer, 50_000)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    calls = range(FAILURES + 1)
    return [api.call("GET", PATH, key="x", headers=headers).status_code for _ in calls]


@pytest.mark.contract("2.22", "2.23", "2.26")
def test_a_bucket_empties_and_fills_again(make_api: MakeShop) -> None:
    api = make_api(rate_limit=4)  # one token in 15 seconds
    for _ in range(4):
        assert api.call("GET", PATH).status_code == 200
    over(api.call("GET", PATH), 15)
    api.clock.advance(14.5)
    over(api.call("GET", PATH), 1)
    api.clock.advance(0.5)
    assert api.call("GET", PATH).status_code == 200
    over(api.call("GET", PATH), 15)
    api.clock.advance(3600)
    for _ in range(4):
        assert api.call("GET", PATH).status_code == 200
    over(api.call("GET", PATH), 15)


@pytest.mark.contract("2.22")
def test_waiting_as_long_as_told_is_enough(make_api: MakeShop) -> None:
    api = make_api(rate_limit=7)
    for _ in range(20):
        response = api.call("GET", PATH)
        if response.status_code == 429:
            api.clock.advance(int(response.headers["retry-after"]))
            assert api.call("GET", PATH).status_code == 200


@pytest.mark.contract("2.25")
def test_answers_say_how_much_is_left(make_api: MakeShop) -> None:
    api = make_api(rate_limit=4)
    left = [(3, 15), (2, 30), (1, 45), (0, 60), (0, 60)]
    for tokens, seconds in left:
        response = api.call("GET", PATH)
        assert response.headers["ratelimit-policy"] == '"default";q=4;w=60'
        assert response.headers["ratelimit"] == f'"default";r={tokens};t={seconds}'
    assert response.status_code == 429


@pytest.mark.contract("2.25")
def test_refusals_count_and_say_so_too(make_api: MakeShop) -> None:
    api = make_api(rate_limit=3)
    refusals = [
        api.call("GET", "/v1/giftcards/x"),
        api.call("POST", "/v1/customers/kelly/actions/grant-gift-card", content=b"["),
        api.call("GET", PATH, key=api.add_key("customers:read").key),
    ]
    assert [r.status_code for r in refusals] == [404, 415, 403]
    left = [r.headers["ratelimit"].partition(";t")[0] for r in refusals]
    assert left == ['"default";r=2', '"default";r=1', '"default";r=2']


@pytest.mark.contract("2.23")
def test_each_key_has_a_bucket_of_its_own(make_api: MakeShop) -> None:
    api = make_api(rate_limit=1)
    other = api.add_key("store:read").key
    assert api.call("GET", PATH).status_code == 200
    over(api.call("GET", PATH), 60)
    assert api.call("GET", PATH, key=other).status_code == 200


def test_a_request_over_the_limit_changes_nothing(make_api: MakeShop) -> None:
    api = make_api(rate_limit=1)
    api.grant()
    path = "/v1/customers/kelly/actions/grant-gift-card"
    with unchanged(api):
        once = {"Idempotency-Key": "once"}
        over(api.call("POST", path, json={"credit": 5}, headers=once), 60)
    api.clock.advance(60)
    assert api.call("POST", path, json={"credit": 5}, headers=once).status_code == 200


@pytest.mark.contract("2.24", "2.25")
def test_1200_a_minute_by_default(make_api: MakeShop) -> None:
    assert Settings().rate_limit == 1200
    response = make_api(rate_limit=Settings().rate_limit).call("GET", PATH)
    assert response.headers["ratelimit-policy"] == '"default";q=1200;w=60'
    assert response.headers["ratelimit"] == '"default";r=1199;t=1'


@pytest.mark.contract("2.24")
def test_0_turns_all_limits_off(make_api: MakeShop) -> None:
    api = make_api(rate_limit=0)
    response = api.call("GET", PATH)
    assert not [name for name in response.headers if name.startswith("ratelimit")]
    assert set(failures(api, "203.0.113.7")) == {401}


@pytest.mark.contract("2.27")
def test_failed_authentications_are_limited_per_address(make_api: MakeShop) -> None:
    api = make_api(rate_limit=1200)
    assert failures(api, "203.0.113.7") == [401] * FAILURES + [429]
    over(api.call("GET", PATH, key=None), 1)
    assert api.call("GET", PATH).status_code == 200  # who has a key is not locked out
    assert failures(api, "203.0.113.8")[0] == 401
    api.clock.advance(60)
    assert failures(api, "203.0.113.7")[0] == 401


@pytest.mark.contract("2.27")
def test_every_kind_of_failure_counts(make_api: MakeShop) -> None:
    api = make_api(rate_limit=1200)
    for _ in range(FAILURES // 2):
        api.call("GET", PATH, key=None)
        api.call("GET", "/v1/giftcards/x", key="")
    over(api.call("GET", PATH, key="x"), 1)


@pytest.mark.contract("2.27")
@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("2001:db8::1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
    ids=["not trusted", "trusted", "forged", "two proxies", "IPv6", "no header"],
)
def test_a_forwarded_address_is_believed_from_trusted_proxies_only(
    make_api: MakeShop, peer: str, forwarded: str, client: str
) -> None:
    trusted = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8::/32")))
    api = make_api(rate_limit=1200, trusted_proxies=trusted)
    assert failures(api, peer, forwarded)[-1] == 429
    assert set(failures(api, client)) == {429}
    assert failures(api, "192.0.2.99")[0] == 401
