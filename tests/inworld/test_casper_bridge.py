"""``casper_bridge.lsl``: what CasperVend has sold is a card here."""

import pytest

from gridgift.messages import say
from tests.inworld.clock import play
from tests.inworld.http import Faults
from tests.inworld.lsl import Key
from tests.inworld.store import Store
from tests.inworld.test_terminal import press
from tests.inworld.test_vendor import BACK, payments, settle, sums
from tests.inworld.world import Avatar, Thing, World

SALE = -10


def tell(
    bridge: Thing,
    buyer: Avatar,
    amount: int,
    receiver: Avatar | None = None,
    sale: str = "81234567",
    item: str = "Gift card L$",
    number: int = SALE,
) -> None:
    """Let CasperVend tell of a sale, as its documentation says."""
    to = receiver or buyer
    parts = [sale, buyer.key, "Jamie Fox", to.name, amount, 0, "REGULAR", 4711, item]
    text = ":".join(map(str, parts))
    for script in bridge.scripts:
        script.event("link_message", 1, number, text, Key(to.key))


async def bridge_of(store: Store, world: World) -> Thing:
    """Place a paired bridge of a new owner."""
    return await store.placed(world, world.avatar("ada.store"), "casper_bridge", "vendor")


def test_a_sale_is_a_card_of_its_receivers(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            bridge, jamie, kim = (
                await bridge_of(store, world), world.avatar("jamie.fox"), world.avatar("kim.tan")
            )  # fmt: skip
            tell(bridge, kim, 100, sale="1")
            await settle(world, bridge)
            tell(bridge, jamie, 250, kim, sale="2")
            await settle(world, bridge)
            tell(bridge, jamie, 500, sale="3", item="A hat")
            tell(bridge, jamie, 500, sale="4", number=-20)
            tell(bridge, jamie, 0, sale="5")
            await settle(world, bridge)
            assert (sums(store, kim), sums(store, jamie)) == ([100, 250], [])
            assert kim.heard == [say("purchased", "en", credit=100, friend="kim.tan")]

    play(scenario())


@pytest.mark.parametrize("fault", ["lost", "dropped", "unavailable"])
def test_a_sale_that_is_told_twice_is_one_card(store: Store, fault: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            bridge, jamie = await bridge_of(store, world), world.avatar("jamie.fox")
            world.http.faults = Faults(**{fault: 1})
            tell(bridge, jamie, 250)
            tell(bridge, jamie, 250)
            await world.wait(40)
            bridge.replace(bridge.scripts[0])
            await world.restart_region()
            world.http.faults = Faults()
            await settle(world, bridge)
            assert sums(store, jamie) == [250]
            tell(bridge, jamie, 250)
            await settle(world, bridge)
            assert sums(store, jamie) == [250]
            assert payments(bridge, "owed") == []

    play(scenario())


def test_what_can_not_be_sold_the_owner_is_told(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            bridge, jamie = await bridge_of(store, world), world.avatar("jamie.fox")
            store.call("PATCH", f"/ext/v1/units/{bridge.description}", json={"paused": True})
            tell(bridge, jamie, 250)
            await settle(world, bridge)
            assert BACK.findall(bridge.owner.heard[-1]) == [(jamie.key, "250")]
            assert jamie.heard[-1] == say("refund_owed", "en", amount=250)
            assert sums(store, jamie) == []
            bridge.owner.touch(bridge)
            await press(world, bridge.owner, "Refunds", "Settled")
            await world.until(lambda: payments(bridge, "(owed|paid)") == [])
            assert [each["state"] for each in store.refunds(bridge.description)] == ["paid"]

    play(scenario())
