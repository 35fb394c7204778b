"""``delivery_unit.lsl``: who touches it has one card, whatever goes wrong on the way."""

import asyncio
import uuid
from collections import defaultdict
from typing import Final

import pytest

from gridgift.inworld import script
from gridgift.messages import catalogue, say
from tests.inworld.clock import play
from tests.inworld.http import Faults, Sent
from tests.inworld.store import Store
from tests.inworld.world import Avatar, Thing, World

GRANTED: Final = say("granted", "en", credit=100)
CLAIMED: Final = say("already_claimed", "en", credit=100)
TRYING: Final = say("trying", "en")
NOT_REACHED: Final = say("database_unavailable", "en")
GROUP: Final = "6b7c8d9e-0f1a-4b2c-8d3e-4f5061728394"


async def unit_of(store: Store, world: World, **settings: object) -> Thing:
    """Place a paired delivery unit of a new owner."""
    owner = world.avatar("ada.store")
    return await store.placed(world, owner, "delivery_unit", "delivery", **settings)


def test_a_touch_gives_a_card(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box, jamie = await unit_of(store, world, credit=250), world.avatar("jamie.fox")
            jamie.language = "de"
            for _ in range(2):
                jamie.touch(box)
                await world.wait(5)
            assert jamie.heard == [
                say("granted", "de", credit=250), say("already_claimed", "de", credit=250)
            ]  # fmt: skip
            (claim,) = store.claims(box.description)
            assert (claim["residentUuid"], claim["residentUsername"]) == (jamie.key, "jamie.fox")

    play(scenario())


def test_a_hundred_residents_at_once_and_a_third_of_all_requests_fails(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun(seed=7) as world:
            box = await unit_of(store, world)
            world.http.faults = Faults(dropped=0.1, lost=0.1, unavailable=0.1)
            residents = [world.avatar(f"resident{number}") for number in range(100)]

            async def touch(resident: Avatar) -> None:
                await asyncio.sleep(world.chance.uniform(0, 10))
                resident.touch(box)

            for resident in residents:
                world.start(touch(resident))
            final = {GRANTED, CLAIMED}
            await world.until(lambda: all(final & set(one.heard) for one in residents), 3600)
            await world.wait(60)
            assert all(len(final & set(one.heard)) == 1 for one in residents)
            claimed = [claim["residentUuid"] for claim in store.claims(box.description)]
            assert sorted(claimed) == sorted(one.key for one in residents)
            assert (world.http.throttled, box.scripts[0].dropped) == (0, 0)
            check_repetitions(world.http.sent)

    play(scenario())


def check_repetitions(sent: list[Sent]) -> None:
    """Check that what was sent again has its nonce and body, and a signature of its own."""
    by_nonce: defaultdict[str, list[Sent]] = defaultdict(list)
    for one in sent:
        by_nonce[one.headers["X-GC-Nonce"]].append(one)
    repeated = [some for some in by_nonce.values() if len(some) > 1]
    assert {some[0].fault for some in repeated} >= {"dropped", "lost", "unavailable"}
    for some in repeated:
        assert len({(one.path, one.body) for one in some}) == 1
        times = {one.headers["X-GC-Time"] for one in some}
        assert len({one.headers["X-GC-Sig"] for one in some}) == len(times)


@pytest.mark.parametrize("fault", ["dropped", "unavailable", "foreign", "busy"])
def test_a_server_that_is_away_for_a_while_is_waited_for(store: Store, fault: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box, jamie, kim = (
                await unit_of(store, world), world.avatar("jamie.fox"), world.avatar("kim.tan")
            )  # fmt: skip
            world.http.faults = Faults(**{fault: 1})
            jamie.touch(box)
            await world.wait(20)
            kim.touch(box)
            await world.wait(200)
            world.http.faults = Faults()
            await world.until(lambda: GRANTED in jamie.heard and GRANTED in kim.heard, 90)
            assert (TRYING in kim.heard) == (fault != "busy")
            assert world.http.throttled == 0

    play(scenario())


def test_a_server_that_stays_away_is_told_of(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box, jamie = await unit_of(store, world), world.avatar("jamie.fox")
            world.http.faults = Faults(unavailable=1)
            jamie.touch(box)
            await world.until(lambda: jamie.heard == [NOT_REACHED], 900)
            world.http.faults = Faults()
            await world.wait(60)
            jamie.touch(box)
            await world.until(lambda: jamie.heard == [NOT_REACHED, TRYING, GRANTED], 10)

    play(scenario())


def test_a_restart_of_the_region_loses_answers_and_no_card(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box, jamie = await unit_of(store, world), world.avatar("jamie.fox")
            world.http.faults = Faults(lost=1)
            jamie.touch(box)
            await world.wait(2)
            world.http.faults = Faults()
            await world.restart_region()
            await world.until(lambda: jamie.heard == [GRANTED], 60)

    play(scenario())


def test_who_is_not_in_the_group_or_too_young(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box = await unit_of(store, world, groupOnly=True, minAccountDays=100)
            member, young, guest = (
                world.avatar("member.one", group=GROUP),
                world.avatar("young.one", group=GROUP, born="2099-01-01"),
                world.avatar("guest.one"),
            )
            guest.touch(box)  # neither has a group, which Second Life takes for the same
            await world.wait(5)
            assert guest.heard == [say("group_only", "en")]
            assert "set me to that group" in box.owner.heard[-1]
            box.group = GROUP
            for one in (member, young, guest):
                one.touch(box)
            await world.wait(10)
            assert member.heard == [GRANTED]
            assert young.heard == [say("account_too_young", "en", days=100)]
            assert guest.heard == [say("group_only", "en")] * 2

    play(scenario())


@pytest.mark.parametrize("by", ["dragging", "rezzing"])
def test_a_copy_is_refused_until_it_is_paired_and_then_the_original_is(
    store: Store, by: str
) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box, jamie = await unit_of(store, world), world.avatar("jamie.fox")
            copy = box.copy()
            if by == "rezzing":
                copy.scripts[0].event("on_rez", 0)
                await world.wait(1)
            jamie.touch(copy)
            await world.wait(5)
            assert jamie.heard == [say("object_not_paired", "en")]
            assert [one.path for one in world.http.sent] == ["/inworld/v1/pair"]
            await store.pair(copy)
            jamie.touch(copy)
            await world.until(lambda: GRANTED in jamie.heard)
            jamie.touch(box)
            await world.until(lambda: "pair me anew" in box.owner.heard[-1])
            assert jamie.heard[1:] == [GRANTED, say("signature_invalid", "en")]
            assert box.owner.heard[-1].startswith("A box: The store refuses me (signature_invalid)")

    play(scenario())


def test_pairing_by_the_menu(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            owner, jamie = world.avatar("ada.store"), world.avatar("jamie.fox")
            box = Thing(world, owner, description="A box of cards")
            box.put(script("delivery_unit", store.server.url))
            jamie.touch(box)
            owner.touch(box)
            await world.wait(5)
            assert jamie.heard == [say("unit_not_paired", "en")]
            assert "description" in owner.heard[-1]
            terminal = box.description = store.unit("terminal")
            await type_code(world, box, store.code(terminal))
            assert owner.heard[-2].startswith("That unit is no delivery")
            box.description = store.unit("delivery")
            for wrong in ("AAAAA-AAAAA", '{"]', str(uuid.uuid4())):
                await type_code(world, box, wrong)
                assert owner.heard[-1] in catalogue("en").values()
                assert owner.heard[-1] != say("paired", "en")
            jamie.touch(box)
            await world.wait(5)
            assert jamie.heard == [say("unit_not_paired", "en")] * 2
            await store.pair(box)
            owner.touch(box)
            await world.wait(2)
            owner.press("Use")
            await world.wait(5)
            assert owner.heard[-1] == GRANTED

    play(scenario())


async def type_code(world: World, box: Thing, code: str) -> None:
    """Touch an unpaired object as its owner, and type a code."""
    box.owner.touch(box)
    await world.wait(2)
    box.owner.type(code)
    await world.wait(5)
