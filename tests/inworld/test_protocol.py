"""The protocol in Python sends what the scripts send, and when they send it."""

import asyncio
import json
import random
import time
from pathlib import Path
from typing import Final

import pytest

import gridgift.inworld
from gridgift.inworld import protocol, sender
from gridgift.inworld.protocol import Asked, Visitor
from gridgift.inworld.sender import Sender
from tests.inworld.clock import play
from tests.inworld.http import INSTEAD, Faults, Sent
from tests.inworld.store import Store
from tests.inworld.test_terminal import press
from tests.inworld.test_vendor import name_friend, vendor_of
from tests.inworld.world import Avatar, Thing, World

COMMON: Final = (Path(gridgift.inworld.__file__).parent / "common.lsl").read_text(encoding="utf-8")


def seen(avatar: Avatar) -> Visitor:
    """Return a resident as an object sees one."""
    return Visitor(avatar.key, avatar.name, avatar.language)


def check_same(thing: Thing, sent: Sent, expected: Asked) -> None:
    """Check that a script has sent what is expected, signed for the instant that it says."""
    _, unit, secret, _ = thing.data["gridgift"][0].split("|")
    if expected.action == "pair":
        secret = ""
    assert (sent.path, sent.body.encode()) == (expected.path, expected.body)
    again = Asked(expected.action, expected.body, sent.headers["X-GC-Nonce"])
    assert sent.headers == again.headers(unit, secret, int(sent.headers["X-GC-Time"]))
    assert abs(int(sent.headers["X-GC-Time"]) - time.time()) < 300


def test_a_delivery_unit(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            owner, jamie = world.avatar("ada.store"), world.avatar("jamie.fox", language="de")
            box = await store.placed(world, owner, "delivery_unit", "delivery")
            jamie.touch(box)
            await world.wait(3)
            pairing, claim = world.http.sent
            code = json.loads(pairing.body)["code"]
            check_same(box, pairing, protocol.pair(code, box.key, seen(owner)))
            check_same(box, claim, protocol.claim(seen(jamie), box.key, owner.key))

    play(scenario())


def test_a_terminal(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            owner, jamie = world.avatar("ada.store"), world.avatar("jamie.fox")
            terminal = await store.placed(world, owner, "terminal", "terminal")
            cards = [store.grant(jamie, 100 * number)["id"] for number in (1, 2)]
            jamie.touch(terminal)
            await press(world, jamie, "1: L$100", "Redeem", "Yes")
            await world.until(lambda: bool(jamie.heard))
            jamie.touch(terminal)
            await press(world, jamie, "1: L$200", "Give to a friend")
            await world.until(lambda: bool(jamie.dialogs))
            jamie.type("kim.tan")
            await press(world, jamie, "Yes")
            await world.wait(3)
            visitor = seen(jamie)
            expected = [
                protocol.wallet(visitor), protocol.redeem(visitor, cards[0]),
                protocol.wallet(visitor), protocol.transfer(visitor, cards[1], "kim.tan"),
            ]  # fmt: skip
            sent = [one for one in world.http.sent if not one.path.endswith(("pair", "messages"))]
            for one, asked in zip(sent, expected, strict=True):
                check_same(terminal, one, asked)

    play(scenario())


def test_a_vendor(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            jamie.pay(vendor, 250)
            await world.wait(3)
            await name_friend(world, vendor, jamie, "nobody.there")
            jamie.pay(vendor, 100)
            await world.wait(3)
            await world.until(lambda: jamie.balance == -250)
            await world.wait(3)
            _, *purchases, begun, paid = world.http.sent
            for one, (amount, friend) in zip(
                purchases, [(250, ""), (100, "nobody.there")], strict=True
            ):
                paid_at = json.loads(one.body)["paid_at"]
                check_same(vendor, one, protocol.purchase(seen(jamie), amount, paid_at, friend))
            payment = purchases[1].headers["X-GC-Nonce"]
            for is_paid, one in enumerate((begun, paid)):
                assert one.headers["X-GC-Nonce"] == payment
                check_same(vendor, one, protocol.refund(seen(jamie), payment, is_paid))

    play(scenario())


@pytest.mark.parametrize("name", ["AT_ONCE", "PATIENCE", "TRIES", "LONGEST_PAUSE"])
def test_numbers(name: str) -> None:
    assert f"integer {name} = {getattr(sender, name)};" in COMMON


class Planned(Faults):
    """Faults one after another, and then none."""

    def __init__(self, faults: str) -> None:
        self.rest = faults.split()

    def choose(self, chance: random.Random) -> str:
        """Return the next one."""
        return self.rest.pop(0).strip("-") if self.rest else ""


class Even(random.Random):
    """Every answer takes as long as the others."""

    def uniform(self, a: float, b: float) -> float:
        """Return the middle."""
        return (a + b) / 2


async def sent_by_script(store: Store, faults: str, residents: int) -> list[float]:
    """Touch a delivery unit, and return when it sent; faults that are "-" are none."""
    async with World.begun() as world:
        box = await store.placed(world, world.avatar("ada.store"), "delivery_unit", "delivery")
        await world.wait(5)  # its timer has stopped
        world.http.sent.clear()
        world.http.faults, world.chance = Planned(faults), Even()
        for number in range(residents):
            world.avatar(f"resident{number}").touch(box)
        await world.wait(2000)
        return [round(one.at - world.http.sent[0].at, 1) for one in world.http.sent]


async def sent_in_python(faults: str, residents: int) -> list[float]:
    """Ask for as many cards, and return when they were sent."""
    loop, planned, even, at = asyncio.get_running_loop(), Planned(faults), Even(), list[float]()

    async def post(_: Asked, headers: dict[str, str]) -> tuple[int, bytes]:
        at.append(loop.time())
        await asyncio.sleep(even.uniform(0.1, 1.0))
        fault = planned.choose(even)
        if fault in {"dropped", "lost"}:
            return await asyncio.Future()
        status, body = INSTEAD.get(fault, (200, '{"code":"granted"}'))
        return status, body.encode()

    object_ = Sender("unit", "secret", post)
    running = asyncio.create_task(object_.run())
    await asyncio.gather(*(object_.ask(Asked("claim", b"")) for _ in range(residents)))
    running.cancel()
    return [round(each - at[0], 1) for each in at]


@pytest.mark.parametrize(
    "faults",
    [
        "",
        "dropped",
        "- lost unavailable -",
        "unavailable " * 6,
        "dropped " * 12,
        "busy foreign busy",
    ],
)
def test_when_it_sends(store: Store, faults: str) -> None:
    assert play(sent_in_python(faults, 5)) == play(sent_by_script(store, faults, 5))
