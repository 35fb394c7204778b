"""The world of these tests is as narrow as Second Life: what a script may not do, it can't here."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.inworld.clock import play
from tests.inworld.http import INSTEAD, NULL_KEY, Faults
from tests.inworld.lsl import lummao
from tests.inworld.world import Thing, World

LISTENER = """
default {
    touch_start(integer count) { %s }
    http_response(key request, integer status, list metadata, string body) {
        string length = (string)llStringLength(body);
        llOwnerSay((string)status + " " + length + " " + llGetSubString(body, 0, 99));
    }
}
"""


class Answering(BaseHTTPRequestHandler):
    """Answers 3000 letters, as the type that the path names."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", self.path[1:])
        self.end_headers()
        self.wfile.write(b"a" * 3000)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a server that answers anything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


async def said(world: World, what: str, count: int = 1, seconds: float = 70) -> list[str]:
    """Run some LSL in an object that is touched, and return what its owner heard."""
    owner = world.avatar("ada.store")
    thing = Thing(world, owner)
    thing.put(LISTENER % what)
    await world.wait(1)
    for _ in range(count):
        owner.touch(thing)
    await world.wait(seconds)
    return owner.heard


def asking(url: str, kind: str, options: str = "") -> str:
    return f'llOwnerSay(llHTTPRequest("{url}{kind}", [{options}], ""));'


def test_answers_are_cut_and_unasked_types_refused(url: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            answers = [
                (await said(world, asking(url, *asked)))[-1]
                for asked in [
                    ("text/plain",),
                    ("text/plain", "HTTP_BODY_MAXLENGTH, 2500"),
                    ("application/json",),
                    ("application/json", 'HTTP_ACCEPT, "application/json"'),
                ]
            ]
            assert [answer.split()[:2] for answer in answers] == [
                ["200", "2048"], ["200", "2500"], ["415", "36"], ["200", "2048"]
            ]  # fmt: skip

    play(scenario())


def test_more_than_25_requests_in_20_seconds_are_throttled_until_silence(url: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            world.http.faults = Faults(busy=1)
            owner = world.avatar("ada.store")
            thing = Thing(world, owner)
            thing.put(LISTENER % asking(url, "text/plain"))
            for _ in range(30):
                owner.touch(thing)
            await world.wait(5)
            assert owner.heard.count(NULL_KEY) == 5
            owner.touch(thing)  # within 40 s: the silence begins anew
            await world.wait(39)
            owner.touch(thing)
            await world.wait(41)
            assert owner.heard.count(NULL_KEY) == 7
            owner.touch(thing)
            await world.wait(1)
            assert owner.heard.count(NULL_KEY) == 7

    play(scenario())


def test_five_errors_within_a_minute_stop_requests(url: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            world.http.faults = Faults(unavailable=1)
            options = "HTTP_EXTENDED_ERROR, TRUE"
            owner = world.avatar("ada.store")
            thing = Thing(world, owner)
            thing.put(LISTENER % asking(url, "text/plain", options))
            for _ in range(6):
                owner.touch(thing)
                await world.wait(2)
            statuses = [text[:3] for text in owner.heard if " " in text]
            assert statuses == ["503"] * 5 + ["420"]
            assert json.loads(owner.heard[-1].split(" ", 2)[2])["title"]

    play(scenario())


@pytest.mark.parametrize(("fault", "status"), [("dropped", 499), ("lost", 499), ("foreign", 404)])
def test_faults(url: str, fault: str, status: int) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            world.http.faults = Faults(**{fault: 1})
            _, answer = await said(world, asking(url, "text/plain"))
            body = INSTEAD.get(fault, (0, ""))[1]
            assert answer == f"{status} {len(body)} {body}"

    play(scenario())


def test_a_full_queue_of_events_loses_what_comes() -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            heard = await said(world, 'llSleep(0.1); llOwnerSay("touched");', count=100)
            assert len(heard) == 64

    play(scenario())


def test_menus_and_messages_take_time() -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            what = """
                llDialog(llGetOwner(), "Which?", ["One"], -7);
                llInstantMessage(llGetOwner(), "Hello");
                llOwnerSay("done");
            """
            heard = await said(world, what, seconds=2.9)
            assert heard == ["Hello"]
            await world.wait(0.2)
            assert heard == ["Hello", "done"]

    play(scenario())


@pytest.mark.parametrize(
    "what",
    [
        'llDialog(llGetOwner(), "Which?", ["12345678901234567890ééé"], -7);',
        'llDialog(llGetOwner(), "", ["One"], -7);',
        "llRegionSayTo(llGetOwner(), 0, \"\");",
        'llHTTPRequest("http://127.0.0.1/", [HTTP_CUSTOM_HEADER, "a", "b"'
        + ', HTTP_CUSTOM_HEADER, "{}", ""' * 8 + "], \"\");",
    ],
)  # fmt: skip
def test_what_is_too_long_is_an_error(what: str) -> None:
    numbered = iter("bcdefghi")
    while "{}" in what:
        what = what.replace("{}", next(numbered), 1)

    async def scenario() -> None:
        async with World.begun() as world:
            await said(world, what)

    with pytest.raises(AssertionError):
        play(scenario())


def test_a_mistake_in_a_script_is_found() -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            await said(world, "llOwnerSay(1 + llNoSuchFunction());")

    with pytest.raises(lummao.CompileError, match="llNoSuchFunction"):
        play(scenario())
