"""Rate limits counted in Redis, with the server's clocks in the test's hand."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gridgift import counter
from tests.api import KELLY, ApiFixture, problem
from tests.http.checks import one_engine
from tests.redis import Redis

MakeShop = Callable[..., ApiFixture]
PATH = "/v1/store"

pytestmark = one_engine


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine make Redis no slower than it may be."""
    monkeypatch.setattr(counter, "ANSWERS_WITHIN", 30.0)


@pytest.fixture
def api(make_api: MakeShop, redis: Redis) -> ApiFixture:
    """An API at which a key may ask four times a minute, 20 seconds into a minute."""
    made = make_api(redis_url=redis.url, rate_limit=4, token_rate_limit=2)
    made.clock.advance(80 - made.clock.ticks() % 60)
    return made


def limit(response: Any) -> str:
    return str(response.headers["ratelimit"])


@pytest.mark.contract("2.22", "2.23", "2.25", "2.26")
def test_a_window_ends_when_it_says(api: ApiFixture) -> None:
    for left in (3, 2, 1, 0):
        response = api.call("GET", PATH)
        assert response.headers["ratelimit-policy"] == '"default";q=4;w=60'
        assert (response.status_code, limit(response)) == (200, f'"default";r={left};t=40')
    api.clock.advance(10.5)
    for _ in range(2):
        response = api.call("GET", PATH)
        assert problem(response, 429, "rate_limited")["retryAfter"] == 30
        assert response.headers["retry-after"] == "30"
        assert limit(response) == '"default";r=0;t=30'
    api.clock.advance(30)
    assert limit(api.call("GET", PATH)) == '"default";r=3;t=60'


def test_keys_and_links_have_windows_of_their_own(api: ApiFixture) -> None:
    other = api.add_key("store:read").key
    minted = api.call("POST", "/v1/customer-tokens", json={"customerIdentifier": KELLY.uuid})
    assert limit(minted) == '"default";r=3;t=40'
    assert limit(api.call("GET", PATH, key=other)) == '"default";r=3;t=40'
    token = {"X-Customer-Token": minted.json()["token"]}
    answers = [api.call("GET", "/v1/customer/giftcards", key=None, headers=token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_the_bucket_decides_while_redis_is_away(api: ApiFixture, redis: Redis) -> None:
    assert limit(api.call("GET", PATH)) == '"default";r=3;t=40'
    redis.kill()
    for left in (3, 2, 1, 0):
        assert limit(api.call("GET", PATH)) == f'"default";r={left};t={(4 - left) * 15}'
    assert api.call("GET", PATH).status_code == 429
    redis.start()
    api.clock.advance(counter.AWAY_FOR - 1)
    assert api.call("GET", PATH).status_code == 429  # nobody asks it yet
    api.clock.advance(1)
    assert limit(api.call("GET", PATH)) == '"default";r=3;t=35'


def test_0_turns_all_limits_off(make_api: MakeShop, redis: Redis) -> None:
    api = make_api(redis_url=redis.url, rate_limit=0)
    redis.kill()
    assert "ratelimit" not in api.call("GET", PATH).headers


def test_what_is_no_redis_stops_no_request(make_api: MakeShop) -> None:
    """It takes connections and answers nonsense, in the form of Redis' protocol."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b":no number\r\n")

    with serving(talk) as port:
        api = make_api(redis_url=f"redis://127.0.0.1:{port}/0", rate_limit=4)
        assert [limit(api.call("GET", PATH)) for _ in range(2)] == [
            '"default";r=3;t=15',
            '"default";r=2;t=30',
        ]


@contextmanager
def serving(talk: Callable[..., Coroutine[Any, Any, None]]) -> Iterator[int]:
    """Take connections on a port, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(talk, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
