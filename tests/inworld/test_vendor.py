"""``vendor.lsl``: every L$ that is paid ends as a card or goes back, exactly once."""

import asyncio
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest

from gridgift.inworld import script
from gridgift.messages import say
from tests.conftest import ENGINES
from tests.crash import crashable
from tests.inworld.clock import play
from tests.inworld.http import Faults
from tests.inworld.lsl import Key
from tests.inworld.store import Store
from tests.inworld.test_terminal import press
from tests.inworld.world import Avatar, Thing, World
from tests.serving import Server

BACK: Final = re.compile(r"give secondlife:///app/agent/(\S+)/inspect L\$(\d+) back")
# Where requests are sent again, and somebody else may be at the same refund.
each_engine = pytest.mark.parametrize("store", ENGINES, indirect=True)

FOR_FRIEND: Final = say("button_for_friend", "en")


async def vendor_of(store: Store, world: World, *, allows_debit: bool = True) -> Thing:
    """Place a paired vendor of a new owner."""
    owner = world.avatar("ada.store", allows_debit=allows_debit)
    return await store.placed(world, owner, "vendor", "vendor")


def sums(store: Store, *residents: Avatar) -> list[int]:
    """List the credits of the residents' cards."""
    return [card["credit"] for resident in residents for card in store.cards(resident)]


def payments(vendor: Thing, kind: str = "(open|back)[.]") -> list[str]:
    """List the payments that are not settled."""
    return [name for name in vendor.data if re.match(kind, name)]


async def settle(world: World, vendor: Thing) -> None:
    """Wait until nothing is to be settled."""
    await world.wait(3)
    await world.until(lambda: not payments(vendor), 900)
    await world.wait(3)


async def name_friend(world: World, vendor: Thing, payer: Avatar, friend: str) -> None:
    """Say for whom the next payment is."""
    said = say("pay_for_friend", "en", friend=friend)
    before = payer.heard.count(said)
    payer.touch(vendor)
    await press(world, payer, FOR_FRIEND)
    await world.until(lambda: bool(payer.dialogs))
    payer.type(friend)
    await world.until(lambda: payer.heard.count(said) > before)


def test_who_pays_has_a_card_or_a_friend_has(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie, kim = (
                await vendor_of(store, world), world.avatar("jamie.fox"), world.avatar("kim.tan")
            )  # fmt: skip
            kim.pay(vendor, 100)
            await world.wait(5)
            assert kim.heard == [say("purchased", "en", credit=100, friend="kim.tan")]
            await name_friend(world, vendor, jamie, "kim.tan")
            for amount in (250, 500):  # only the first is for the friend
                jamie.pay(vendor, amount)
                await world.wait(5)
            assert (sums(store, kim), sums(store, jamie)) == ([100, 250], [500])
            await name_friend(world, vendor, jamie, "kim.tan")
            await world.wait(310)
            assert jamie.heard[-1] == say("menu_closed", "en")
            jamie.pay(vendor, 1000)
            await world.wait(5)
            assert sums(store, jamie) == [500, 1000]
            assert (vendor.owner.balance, payments(vendor)) == (1850, [])
            assert not vendor.scripts[0].interval

    play(scenario())


@each_engine
@pytest.mark.parametrize("fault", ["lost", "dropped", "unavailable", "foreign"])
def test_a_lost_answer_sells_nothing_twice(store: Store, fault: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            world.http.faults = Faults(**{fault: 1})
            jamie.pay(vendor, 250)
            await world.wait(100)
            vendor.replace(vendor.scripts[0])  # reset by its owner
            await world.wait(1000)
            assert len(payments(vendor)) == 1
            world.http.faults = Faults()
            await settle(world, vendor)
            assert (sums(store, jamie), vendor.owner.balance) == ([250], 250)
            assert world.http.throttled == 0

    play(scenario())


def test_what_is_not_sold_goes_back(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            await name_friend(world, vendor, jamie, "nobody.there")
            jamie.pay(vendor, 250)
            await settle(world, vendor)
            assert jamie.heard[-1] == say("refund", "en", amount=250)
            assert (sums(store, jamie), vendor.owner.balance) == ([], 0)
            (refund,) = store.refunds(vendor.description)
            assert (refund["state"], refund["refundedBy"]["kind"]) == ("paid", "unit")
            assert payments(vendor, "paid") == []

    play(scenario())


def asked(world: World, paid: int) -> list[str]:
    """List the bodies of requests about refunds: may it be paid (0), or it was (1)."""
    told = f'"paid":{paid}'
    return [one.body for one in world.http.sent if one.path.endswith("refund") and told in one.body]


async def refuse(store: Store, world: World, vendor: Thing, payer: Avatar) -> None:
    """Pay for a friend whom nobody knows."""
    await name_friend(world, vendor, payer, "nobody.there")
    payer.pay(vendor, 250)
    await world.until(lambda: bool(store.refunds(vendor.description)))


@each_engine
def test_what_was_marked_as_paid_is_not_paid(store: Store) -> None:
    """The store's owner has paid it, before the object could ask."""

    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            world.http.faults = Faults(lost=1)
            await refuse(store, world, vendor, jamie)
            assert store.mark_paid(store.refunds(vendor.description)[0]) == 200
            world.http.faults = Faults()
            await settle(world, vendor)
            assert len(asked(world, 0)) == 1
            assert (world.transfers, payments(vendor, "(owed|paid)")) == ([], [])

    play(scenario())


@each_engine
def test_what_the_object_may_be_paying_is_not_marked_as_paid(store: Store) -> None:
    """The object has asked, and does not know the answer yet: it asks again, and pays once."""

    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            await refuse(store, world, vendor, jamie)
            world.http.faults = Faults(lost=1)
            await world.until(lambda: store.refunds(vendor.description)[0]["begunAt"] is not None)
            assert store.mark_paid(store.refunds(vendor.description)[0]) == 409
            world.http.faults = Faults()
            await settle(world, vendor)
            assert len(asked(world, 0)) > 1
            assert world.transfers == [(jamie.key, 250)]
            (refund,) = store.refunds(vendor.description)
            assert (refund["state"], refund["refundedBy"]["kind"]) == ("paid", "unit")

    play(scenario())


def test_a_word_of_the_stores_that_is_old_pays_nothing(store: Store) -> None:
    """The region stood still between the answer and the script: the store is asked again."""

    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            script = vendor.scripts[0]
            answer = script.http_response

            def answer_late(key: str, status: int, body: str) -> None:
                if "refund_begun" in body and not world.ahead:
                    world.ahead = 61
                answer(key, status, body)

            script.http_response = answer_late  # type: ignore[method-assign]
            await refuse(store, world, vendor, jamie)
            await settle(world, vendor)
            assert len(asked(world, 0)) == 2
            assert world.transfers == [(jamie.key, 250)]

    play(scenario())


@pytest.mark.parametrize("fault", ["lost", "dropped", "unavailable"])
def test_the_store_hears_of_what_was_paid_in_the_end(store: Store, fault: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            await refuse(store, world, vendor, jamie)
            await world.until(lambda: bool(world.transfers))
            world.http.faults = Faults(**{fault: 1})
            await world.wait(100)
            vendor.replace(vendor.scripts[0])
            await world.wait(1000)
            world.http.faults = Faults()
            await world.until(lambda: payments(vendor, "paid") == [])
            assert [each["state"] for each in store.refunds(vendor.description)] == ["paid"]
            assert world.transfers == [(jamie.key, 250)]

    play(scenario())


def test_a_unit_that_was_revoked_pays_nothing_by_itself(store: Store) -> None:
    """It can't ask: its owner is told, and pays, or lets it pay once it is paired again."""

    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            await refuse(store, world, vendor, jamie)
            world.http.faults = Faults(dropped=1)
            await world.until(lambda: payments(vendor, "back") != [])
            store.call("POST", f"/ext/v1/units/{vendor.description}/actions/revoke")
            world.http.faults = Faults()
            await world.until(lambda: payments(vendor, "owed") != [])
            assert world.transfers == []

    play(scenario())


def test_without_permission_the_owner_is_told_and_can_pay_later(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor = await vendor_of(store, world, allows_debit=False)
            jamie, owner = world.avatar("jamie.fox"), vendor.owner
            for friend, amount in (("nobody.there", 250), ("nobody.here", 100)):
                await name_friend(world, vendor, jamie, friend)
                jamie.pay(vendor, amount)
                await settle(world, vendor)
                assert BACK.findall(owner.heard[-1]) == [(jamie.key, str(amount))]
                assert jamie.heard[-1] == say("refund_owed", "en", amount=amount)
            owner.touch(vendor)
            await press(world, owner, "Refunds")
            await world.until(lambda: bool(owner.dialogs))
            assert owner.dialogs[0].text.count(jamie.key) == 2
            await press(world, owner, "Pay")
            await settle(world, vendor)
            assert jamie.balance == -350  # without permission still
            owner.allows_debit = True
            for button in ("Allow", "Refunds"):
                owner.touch(vendor)
                await press(world, owner, button)
            await press(world, owner, "Pay")
            await world.until(lambda: jamie.balance == 0)
            assert payments(vendor, "owed") == []
            owner.touch(vendor)
            await press(world, owner, "Refunds")
            await world.until(lambda: bool(owner.dialogs))
            assert owner.dialogs[0].text == "You owe nothing."

    play(scenario())


def test_the_owner_settles_what_has_failed(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            await name_friend(world, vendor, jamie, "nobody.there")
            jamie.pay(vendor, 250)
            vendor.owner.balance = 0  # and spent
            await world.until(lambda: payments(vendor, "owed") != [])
            assert BACK.findall(vendor.owner.heard[-1]) == [(jamie.key, "250")]
            vendor.owner.touch(vendor)
            await press(world, vendor.owner, "Refunds", "Settled")
            await world.wait(10)
            assert (payments(vendor, "(owed|paid)"), jamie.balance) == ([], -250)
            assert [each["state"] for each in store.refunds(vendor.description)] == ["paid"]

    play(scenario())


@pytest.mark.parametrize("how", ["reset", "restart"])
@pytest.mark.parametrize("is_paid", [True, False])
def test_a_refund_whose_end_is_not_seen_is_not_paid_again(
    store: Store, how: str, is_paid: bool
) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            await name_friend(world, vendor, jamie, "nobody.there")
            jamie.pay(vendor, 250)
            await world.until(lambda: any("|begun|" in kept for kept, _ in vendor.data.values()))
            world.paid_unseen = 1.0
            if not is_paid:
                vendor.owner.balance = 0
            if how == "reset":
                vendor.replace(vendor.scripts[0])
            else:
                await world.restart_region()
            await settle(world, vendor)
            assert "was this settled?" in vendor.owner.heard[-1]
            assert len(world.transfers) == is_paid
            vendor.owner.balance = 1000
            vendor.owner.touch(vendor)
            await press(world, vendor.owner, "Refunds")
            await world.until(lambda: bool(vendor.owner.dialogs))
            assert vendor.owner.dialogs[0].text.endswith("L$250 ?")
            await press(world, vendor.owner, "Pay")
            await world.wait(20)
            assert len(world.transfers) == is_paid

    play(scenario())


def test_a_payment_that_there_is_no_room_for_is_told(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            vendor.data["another script's"] = ("x" * 130_900, "")
            for amount in (250, 100):
                jamie.pay(vendor, amount)
                await world.wait(10)
                assert BACK.findall(vendor.owner.heard[-1]) == [(jamie.key, str(amount))]
                assert jamie.heard[-1] == say("refund_owed", "en", amount=amount)
            assert sums(store, jamie) == []

    play(scenario())


def test_an_object_that_is_refused_keeps_payments_until_it_is_paired(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            store.call("POST", f"/ext/v1/units/{vendor.description}/actions/revoke")
            jamie.pay(vendor, 250)
            await world.wait(600)
            assert vendor.owner.heard[-1].count("pair me anew") == 1
            assert len(payments(vendor)) == 1
            vendor.owner.touch(vendor)
            await press(world, vendor.owner, "Pair")
            await store.type_code(vendor)
            await settle(world, vendor)
            assert (sums(store, jamie), vendor.owner.balance) == ([250], 250)

    play(scenario())


def test_another_unit_is_not_asked_for_what_was_paid_before(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            world.http.faults = Faults(lost=1)
            jamie.pay(vendor, 250)
            await world.wait(10)
            vendor.replace(vendor.scripts[0])
            world.http.faults = Faults()
            vendor.description = store.unit("vendor")
            await world.wait(1)
            vendor.data = {name: kept for name, kept in vendor.data.items() if name != "gridgift"}
            vendor.replace(vendor.scripts[0])
            await world.wait(1)
            await store.pair(vendor)
            await world.until(lambda: payments(vendor, "owed") != [])
            assert "was this settled?" in vendor.owner.heard[-1]
            assert (sums(store, jamie), vendor.owner.balance) == ([250], 250)

    play(scenario())


@pytest.mark.parametrize("by", ["dragging", "rezzing"])
def test_a_copy_settles_nothing_of_the_originals(store: Store, by: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            world.http.faults = Faults(dropped=1)
            jamie.pay(vendor, 250)
            await world.wait(5)
            copy = vendor.copy()
            if by == "rezzing":
                copy.scripts[0].event("on_rez", 0)
                await world.wait(5)
                assert any("payments were open" in text for text in copy.owner.heard)
            world.http.faults = Faults()
            await settle(world, vendor)
            await world.wait(600)
            assert (sums(store, jamie), vendor.owner.balance) == ([250], 250)
            assert payments(copy) == []
            jamie.pay(copy, 100)  # which is not paired
            await world.until(lambda: jamie.balance == -250)
            assert {one.sender for one in world.http.sent} == {vendor.key}

    play(scenario())


def test_who_buys_the_object_has_nothing_of_the_owner_before(store: Store) -> None:
    """Sold where it stands, an object keeps its key and all that it has written down."""

    async def scenario() -> None:
        async with World.begun() as world:
            vendor = await vendor_of(store, world, allows_debit=False)
            jamie, kim = world.avatar("jamie.fox"), world.avatar("kim.tan")
            seller, buyer = vendor.owner, world.avatar("bea.buyer", allows_debit=True)
            await refuse(store, world, vendor, jamie)
            await world.until(lambda: bool(payments(vendor, "owed")))
            world.http.faults = Faults(dropped=1)
            kim.pay(vendor, 100)
            await world.wait(5)
            assert len(payments(vendor, "owed")) == len(payments(vendor, "open")) == 1
            seller.heard.clear()
            vendor.sell(buyer)
            await world.wait(30)
            world.http.faults = Faults()
            for payer, amount in ((jamie, 250), (kim, 100)):
                assert sum(f"{payer.key}/inspect L${amount}" in text for text in seller.heard) == 1
            assert "2 payments were open" in seller.heard[-1]
            assert [name for name in vendor.data if not name.startswith("de.")] == []
            vendor.description = store.unit("vendor")
            await store.pair(vendor)
            buyer.touch(vendor)
            await press(world, buyer, "Refunds")
            await world.until(lambda: bool(buyer.dialogs))
            assert buyer.dialogs[0].text == "You owe nothing."
            await world.wait(900)
            assert not [text for text in buyer.heard if jamie.key in text or kim.key in text]
            assert buyer.balance == 0

    play(scenario())


@pytest.mark.parametrize("other", ["open.", "owed."])
def test_a_refund_that_is_written_down_twice_is_paid_once(store: Store, other: str) -> None:
    """The region went down between the two writes of one move."""

    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            nonce, entry = str(uuid.uuid4()), f"{vendor.key}||{jamie.key}|250|||{vendor.owner.key}"
            vendor.data |= {kind + nonce: (entry, "gridgift") for kind in ("back.", other)}
            vendor.data["open.gate"] = "shut", "theirs"  # another script's
            vendor.owner.balance = 500
            vendor.replace(vendor.scripts[0])
            await world.until(lambda: jamie.balance == 250)
            await world.wait(60)
            assert (jamie.balance, payments(vendor, "(open|back|owed|paid)[.]")) == (
                250, ["open.gate"]
            )  # fmt: skip

    play(scenario())


def test_what_is_paid_before_pairing_goes_back(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            owner = world.avatar("ada.store", allows_debit=True)
            vendor, jamie = Thing(world, owner), world.avatar("jamie.fox")
            vendor.put(script("vendor", store.server.url))
            await world.wait(1)
            jamie.pay(vendor, 250)
            await world.until(lambda: jamie.balance == 0)
            assert world.http.sent == []

    play(scenario())


@pytest.fixture(params=ENGINES)
def own_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store at a server that the test may kill, on each engine."""
    with crashable(request.param) as (url, _), Server.started(url) as server:
        store = Store(server)
        yield store
        store.server.stop()  # a restart is the copy's, of which the first one knows nothing


def test_two_hundred_payments_while_all_goes_wrong(own_store: Store) -> None:
    async def scenario() -> None:
        async with World.begun(seed=11) as world:
            vendor = await vendor_of(own_store, world)
            owner, residents = vendor.owner, [world.avatar(f"resident{n}") for n in range(40)]
            owner.balance = 100_000
            for resident in residents:  # is known by name
                resident.pay(vendor, 1)
                await world.wait(2)
            world.http.faults = Faults(dropped=0.1, lost=0.1, unavailable=0.1)

            async def shop(resident: Avatar, amounts: range) -> None:
                for amount in amounts:
                    await asyncio.sleep(world.chance.uniform(0, 300))
                    await world.running()
                    friend = world.chance.choice(["", "", "resident7", "nobody.there"])
                    if friend:
                        with suppress(AssertionError):  # a reset forgets who was named
                            await name_friend(world, vendor, resident, friend)
                        resident.dialogs.clear()
                        await world.running()
                    resident.pay(vendor, amount)

            amounts = range(100, 300)
            shoppers = [
                world.start(shop(resident, amounts[number :: len(residents)]))
                for number, resident in enumerate(residents)
            ]
            await world.wait(300)
            own_store.server.kill()
            await world.wait(150)
            await world.restart_region()
            await world.wait(150)
            own_store.server.restart()
            for _ in range(3):
                await world.wait(100)
                await world.until(lambda: not vendor.scripts[0].events)  # a reset forgets them
                vendor.replace(vendor.scripts[0])
                await world.wait(100)
                await world.restart_region()
            await asyncio.gather(*shoppers)
            await world.until(lambda: not payments(vendor, "(open|back|paid)"), 7200)
            await world.wait(400)
            cards = [credit for credit in sums(own_store, *residents) if credit > 1]
            told = [BACK.search(text) for text in owner.heard]
            owed = [int(found[2]) for found in told if found]
            back = [amount for _, amount in world.transfers]
            doubtful = [int(found[2]) for found in told if found and "settled?" in found.string]
            sure = [amount for amount in back if amount not in doubtful]
            assert sorted(cards + sure + owed) == list(amounts)
            known = own_store.refunds(vendor.description)
            paid = [each["amount"] for each in known if each["state"] == "paid"]
            assert set(sure) <= set(paid) <= set(back)
            assert vendor.scripts[0].dropped == 0
            assert len(cards) > 100 and len(sure) > 20

    play(scenario())


def test_more_friends_than_it_has_memory_for_are_asked_for_later(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            vendor = await vendor_of(store, world)
            residents = [world.avatar(f"resident{number}") for number in range(8)]
            for resident in residents:
                resident.touch(vendor)
                await press(world, resident, FOR_FRIEND)
            await world.wait(20)
            busy = [one for one in residents if one.heard == [say("busy", "en")]]
            assert busy == residents[6:]
            residents[0].dialogs.pop()
            residents[0].pay(vendor, 100)  # for whom is not said: for themselves
            await settle(world, vendor)
            await name_friend(world, vendor, residents[7], "resident0")

    play(scenario())


def test_objects_take_no_places_of_residents(store: Store) -> None:
    """The channel of the menus follows from the object's key, which everybody can see."""

    async def scenario() -> None:
        async with World.begun() as world:
            vendor, jamie = await vendor_of(store, world), world.avatar("jamie.fox")
            (channel,) = vendor.scripts[0].listens
            for _ in range(6):
                pest = Key(str(uuid.uuid4()))
                vendor.scripts[0].event("listen", channel, "A pest", pest, FOR_FRIEND)
            await name_friend(world, vendor, jamie, "jamie.fox")
            assert say("busy", "en") not in jamie.heard

    play(scenario())
