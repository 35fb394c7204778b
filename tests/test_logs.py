"""Logs: one structured line a request, and nothing in it that is nobody's business."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gridgift.logs import Log, configure_logs
from tests.api import ApiFixture, problem
from tests.plain_logs import log_plainly


class Stream(io.TextIOWrapper):
    """Standard error, kept; a terminal if the test says so."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        """Tell whether this is a terminal."""
        return self._terminal

    def text(self) -> str:
        """Return what was written."""
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode()

    def lines(self) -> list[Any]:
        """Return what was written, each line read as JSON."""
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def engine() -> str:
    """Logs know no engine, so one is enough."""
    return "sqlite"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stream]]:
    """Set the logs up on a stream of the test's own."""

    def configure(log_format: str, *, terminal: bool = False) -> Stream:
        stream = Stream(terminal=terminal)
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logs(log_format)
        return stream

    monkeypatch.setattr(Log, "wanted", None)
    handlers = logging.root.handlers[:]
    logging.root.handlers.clear()  # pytest's, which basicConfig would close
    yield configure
    logging.root.handlers[:] = handlers
    log_plainly()


Configure = Callable[..., Stream]


def requests(stream: Stream) -> list[Any]:
    return [line for line in stream.lines() if line["event"] == "request"]


def test_one_line_a_request(api: ApiFixture, configured: Configure) -> None:
    stream = configured("json")
    card = api.grant()
    api.card(card["id"])
    granted, read = requests(stream)
    assert set(granted) == {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "ms", "store",
        "key",
    }  # fmt: skip
    assert granted["route"] == "/v1/customers/{identifier}/actions/grant-gift-card"
    assert (granted["method"], granted["status"], granted["level"]) == ("POST", 200, "info")
    assert (read["method"], read["route"]) == ("GET", "/v1/giftcards/{id}")
    for line in (granted, read):
        assert (line["store"], line["key"]) == (api.store.id, api.issued.stored.id)
        assert isinstance(line["ms"], int | float)
        assert line["timestamp"].endswith("Z")


def test_the_request_id_is_the_answers(api: ApiFixture, configured: Configure) -> None:
    stream = configured("json")
    given = api.call("GET", "/v1/store", headers={"X-Request-Id": "till-7"})
    made = api.call("GET", "/v1/store")
    ids = [line["request_id"] for line in requests(stream)]
    assert ids == ["till-7", made.headers["x-request-id"]]
    assert given.headers["x-request-id"] == "till-7"


def test_refusals_are_logged_too(api: ApiFixture, configured: Configure) -> None:
    stream = configured("json")
    for path, key in (("/v1/store", None), ("/v1/store", "wrong"), ("/nowhere", api.key)):
        api.call("GET", path, key=key)
    lines = requests(stream)
    assert [line["status"] for line in lines] == [401, 401, 404]
    assert not any("key" in line or "store" in line for line in lines)


def test_neither_keys_nor_bodies(api: ApiFixture, configured: Configure) -> None:
    stream = configured("json")
    secret = "texture of a private matter"
    api.grant()
    path = "/v1/customers/kelly/actions/grant-gift-card"
    headers = {"Idempotency-Key": "a-private-idempotency-key"}
    api.call("POST", path, json={"credit": 5, "note": secret}, headers=headers)
    api.call("POST", path, content=secret.encode(), headers={"Content-Type": "application/json"})
    api.call("GET", f"/v1/store?secret={'x' * 30}")
    api.call("GET", "/v1/store", key=api.key[:-1] + "A")
    api.call("GET", "/v1/store", headers={"Authorization": "Bearer token-of-someone"})
    text = stream.text()
    assert len(requests(stream)) == 6
    for private in (api.key, api.key[10:60], secret, "private", "xxxxx", "token-of-someone"):
        assert private not in text


def test_a_defect_is_logged_with_its_trace_and_not_shown(
    api: ApiFixture, configured: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(*_: Any) -> None:
        raise RuntimeError("a defect deep inside")

    monkeypatch.setattr("gridgift.domain.stores.read", stumble)
    stream = configured("json")
    response = api.call("GET", "/v1/store")
    assert response.status_code == 500
    assert "deep inside" not in response.text
    (error,) = [line for line in stream.lines() if line["level"] == "error"]
    assert error["request_id"] == response.headers["x-request-id"]
    assert "a defect deep inside" in error["exception"]
    assert len(requests(stream)) == 1


@pytest.mark.parametrize(
    ("log_format", "terminal", "pretty"),
    [
        ("json", True, False),
        ("json", False, False),
        ("console", False, True),
        ("auto", False, False),
        ("auto", True, True),
    ],
)
def test_formats(configured: Configure, log_format: str, terminal: bool, pretty: bool) -> None:
    stream = configured(log_format, terminal=terminal)
    Log("x").info("hello", name="Émile\nwith a second line", number=5)
    if pretty:
        assert "hello" in stream.text()
        assert not stream.text().startswith("{")
    else:
        (line,) = stream.lines()
        assert (line["event"], line["name"]) == ("hello", "Émile\nwith a second line")


def test_what_libraries_say_is_a_line_too(configured: Configure) -> None:
    stream = configured("json")
    library = logging.getLogger("somebody.else")
    try:
        raise RuntimeError("a defect")
    except RuntimeError:
        library.warning("it failed;\nretrying", exc_info=True)
        library.error("it broke", exc_info=True)
    try:
        raise ConnectionResetError(104, "reset by peer")
    except OSError:
        library.error("it was cut off", exc_info=True)
    library.info("all is well")
    failed, broke, cut_off = stream.lines()
    assert (failed["event"], failed["why"]) == ("it failed; retrying", "a defect")
    assert (failed["level"], failed["logger"]) == ("warning", "somebody.else")
    assert (broke["event"], broke["level"]) == ("it broke", "error")
    assert "Traceback" in broke["exception"]
    assert (cut_off["why"], "exception" in cut_off) == ("[Errno 104] reset by peer", False)


def test_what_is_no_json_does_not_stop_a_log(configured: Configure) -> None:
    stream = configured("json")
    Log("x").info("odd", value=object(), raw=b"\xff", many={1, 2})
    assert len(stream.lines()) == 1


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_local_variable(
    configured: Callable[..., Stream], log_format: str
) -> None:
    stream = configured(log_format)

    def fail(secret: str) -> None:
        raise RuntimeError(f"a defect with {len(secret)} signs")

    try:
        fail("".join(["nobody", "'s business"]))
    except RuntimeError as error:
        Log("test").error("internal error", exc_info=error)
    assert "a defect with 17 signs" in stream.text()
    assert "nobody's business" not in stream.text()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_line_that_can_not_be_written_is_lost_and_nothing_else(
    api: ApiFixture, configured: Configure, monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    async def stumble(*_: Any) -> None:
        raise RuntimeError("a defect, which is told")

    configured(log_format)
    card = api.grant()
    monkeypatch.setattr("gridgift.domain.stores.read", stumble)
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as full:
        monkeypatch.setattr(sys, "stderr", full)  # whatever is written there is refused
        problem(api.call("GET", "/v1/store"), 500, "internal_error")
        Log("gridgift.jobs").warning("job postponed", job="any")
        assert api.card(card["id"]) == card
