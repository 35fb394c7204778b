"""``terminal.lsl``: residents see, redeem and pass on what they have, each in their own menu."""

import asyncio
import json
from typing import Final

import pytest

from gridgift.inworld import script
from gridgift.messages import say
from tests.inworld.clock import play
from tests.inworld.http import Faults
from tests.inworld.store import Store
from tests.inworld.world import Avatar, Thing, World

REDEEM, PASS_ON, YES, NO = (
    say(f"button_{name}", "en") for name in ("redeem", "pass_on", "yes", "no")
)
CLOSED: Final = say("menu_closed", "en")


async def terminal_of(store: Store, world: World) -> Thing:
    """Place a paired terminal of a new owner."""
    return await store.placed(world, world.avatar("ada.store"), "terminal", "terminal")


async def press(world: World, resident: Avatar, *buttons: str, patience: float = 600) -> None:
    """Press buttons, each in the menu that comes next."""
    for button in buttons:
        await world.until(lambda: bool(resident.dialogs), patience)
        resident.press(button)


async def hear(world: World, resident: Avatar, text: str, patience: float = 600) -> None:
    """Wait until a resident is told something."""
    await world.until(lambda: text in resident.heard, patience)


def test_a_card_is_redeemed(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal, jamie = await terminal_of(store, world), world.avatar("jamie.fox")
            terminal.put(script("languages", store.server.url))
            jamie.language = "de"
            for credit in (250, 100, 250):
                store.grant(jamie, credit)
            jamie.touch(terminal)
            await world.until(lambda: bool(jamie.dialogs))
            (menu,) = jamie.dialogs
            assert menu.text == say("wallet", "de", credit=0, count=3)
            assert menu.buttons == ["1: L$250", "2: L$100", "3: L$250", "Schließen"]
            await press(world, jamie, "3: L$250", "Einlösen")
            await world.until(lambda: bool(jamie.dialogs))
            assert jamie.dialogs[0].text == say("redeem_question", "de", credit=250)
            await press(world, jamie, "Ja")
            await hear(world, jamie, say("redeemed", "de", amount=250, credit=250))
            assert [card["redeemed"] for card in store.cards(jamie)] == [False, False, True]
            assert store.credit(jamie) == 250

    play(scenario())


@pytest.mark.parametrize("fault", ["lost", "dropped", "unavailable"])
def test_a_lost_answer_redeems_nothing_twice(store: Store, fault: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal, jamie = await terminal_of(store, world), world.avatar("jamie.fox")
            for credit in (250, 100):
                store.grant(jamie, credit)
            jamie.touch(terminal)
            await press(world, jamie, "1: L$250", REDEEM)
            world.http.faults = Faults(**{fault: 1})
            await press(world, jamie, YES)
            await world.wait(40)
            assert store.credit(jamie) == (250 if fault == "lost" else 0)
            await world.restart_region()
            world.http.faults = Faults()
            await hear(world, jamie, say("redeemed", "en", amount=250, credit=250))
            assert store.credit(jamie) == 250
            tries = [one for one in world.http.sent if one.path.endswith("/redeem")]
            assert len({one.headers["X-GC-Nonce"] for one in tries}) == 1 < len(tries)

    play(scenario())


def test_a_card_is_passed_on_to_whom_the_resident_names(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal, jamie, kim = (
                await terminal_of(store, world), world.avatar("jamie.fox"), world.avatar("kim.tan")
            )  # fmt: skip
            store.grant(jamie, 250)
            kim.touch(terminal)  # and is known by the name now
            await hear(world, kim, say("wallet", "en", credit=0, count=0))
            jamie.touch(terminal)
            await press(world, jamie, "1: L$250", PASS_ON)
            await world.until(lambda: bool(jamie.dialogs))
            assert jamie.dialogs[0].text == say("friend_question", "en", credit=250)
            jamie.type(" Kim.Tan ")
            await world.until(lambda: bool(jamie.dialogs))
            question = say("transfer_question", "en", credit=250, friend="Kim.Tan")
            assert jamie.dialogs[0].text == question
            await press(world, jamie, YES)
            await hear(world, jamie, say("transferred", "en", credit=250, friend="kim.tan"))
            assert [card["credit"] for card in store.cards(kim)] == [250]
            assert store.cards(jamie) == []

    play(scenario())


@pytest.mark.parametrize(
    "typed",
    [
        '"x","avatar":"{victim}","friend":"{me}"', '{"a":1}', "[]", "\\", "a|b", "nobody.there",
        "x" * 250, "ü" * 120, "true", "\n",
    ],
)  # fmt: skip
def test_whatever_is_typed_stays_text(store: Store, typed: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal, jamie, kim = (
                await terminal_of(store, world), world.avatar("jamie.fox"), world.avatar("kim.tan")
            )  # fmt: skip
            card = store.grant(jamie, 250)
            victims = store.grant(kim, 100)
            jamie.touch(terminal)
            await press(world, jamie, "1: L$250", PASS_ON)
            await world.until(lambda: bool(jamie.dialogs))
            jamie.type(typed.replace("{victim}", kim.key).replace("{me}", jamie.key))
            await world.wait(5)
            if typed not in {"[]", "\\", "\n"}:  # of which nothing is left
                await press(world, jamie, YES)
                await world.wait(5)
                (asked,) = [one for one in world.http.sent if one.path.endswith("/transfer")]
                body = json.loads(asked.body)
                assert body.keys() == {"avatar", "card", "friend", "lang"}
                assert (body["avatar"], body["card"]) == (jamie.key, card["id"])
                assert len(jamie.heard) == 1
            assert [one["id"] for one in store.cards(jamie)] == [card["id"]]
            assert [one["id"] for one in store.cards(kim)] == [victims["id"]]

    play(scenario())


def test_a_menu_closes_by_itself(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal, jamie = await terminal_of(store, world), world.avatar("jamie.fox")
            store.grant(jamie, 250)
            jamie.touch(terminal)
            await press(world, jamie, "1: L$250", REDEEM)
            await hear(world, jamie, CLOSED, 70)
            await press(world, jamie, YES)  # too late
            await world.wait(10)
            assert (jamie.heard, store.credit(jamie)) == ([CLOSED], 0)
            owner = terminal.owner  # whose late answer is no pairing code either
            store.grant(owner, 100)
            owner.touch(terminal)
            await press(world, owner, "Use", "1: L$100")
            await hear(world, owner, CLOSED, 70)
            await press(world, owner, REDEEM)
            await world.wait(10)
            asked = {one.path.removeprefix("/inworld/v1/") for one in world.http.sent[1:]}
            assert asked == {"wallet", "messages"}

    play(scenario())


def test_who_says_no_changes_nothing(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal, jamie = await terminal_of(store, world), world.avatar("jamie.fox")
            store.grant(jamie, 250)
            jamie.touch(terminal)
            await press(world, jamie, "1: L$250", REDEEM, NO)
            await world.wait(90)
            assert (jamie.heard, jamie.dialogs, store.credit(jamie)) == ([], [], 0)

    play(scenario())


def test_more_cards_than_buttons(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal, jamie = await terminal_of(store, world), world.avatar("jamie.fox")
            for number in range(10):
                store.grant(jamie, 2**31 - 2**10 + number if number < 2 else 5)
            jamie.touch(terminal)
            await world.until(lambda: bool(jamie.dialogs))
            assert jamie.dialogs[0].text.endswith(say("more_cards", "en"))
            assert len(jamie.dialogs[0].buttons) == 10

    play(scenario())


def test_ten_residents_at_once_under_faults(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun(seed=5) as world:
            terminal = await terminal_of(store, world)
            residents = [world.avatar(f"resident{number}") for number in range(10)]
            for resident in residents:
                store.grant(resident, 100)
            world.http.faults = Faults(dropped=0.1, lost=0.1, unavailable=0.1)

            async def redeem(resident: Avatar) -> None:
                await asyncio.sleep(world.chance.uniform(0, 10))
                resident.touch(terminal)
                await press(world, resident, "1: L$100", REDEEM, YES, patience=3600)

            for resident in residents:
                world.start(redeem(resident))
            done = say("redeemed", "en", amount=100, credit=100)
            await world.until(lambda: all(done in one.heard for one in residents), 3600)
            assert [store.credit(resident) for resident in residents] == [100] * 10
            assert world.http.throttled == 0

    play(scenario())


@pytest.mark.parametrize("fault", ["", "dropped", "unavailable"])
def test_residents_are_told_of_new_cards(store: Store, fault: str) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            await terminal_of(store, world)
            jamie, kim = world.avatar("jamie.fox", is_here=False), world.avatar("kim.tan")
            cards = [store.grant(one, 250, announce=True) for one in (jamie, kim)]
            store.grant(kim, 100)
            world.http.faults = Faults(**({fault: 1} if fault else {}))
            await world.wait(90)
            world.http.faults = Faults()
            said = say("announcement", "en", credit=250, store="Moonwall Couture")
            await hear(world, jamie, said)
            await hear(world, kim, said)
            await world.wait(120)
            assert jamie.heard == kim.heard == [said]
            assert world.http.throttled == 0
            for card in cards:
                path = f"/ext/v1/giftcards/{card['id']}/notes"
                assert len(store.call("GET", path)["data"]) == 1

    play(scenario())


def test_more_residents_than_it_has_memory_for_are_asked_to_come_back(store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            terminal = await terminal_of(store, world)
            residents = [world.avatar(f"resident{number}") for number in range(20)]
            for resident in residents:
                store.grant(resident, 100)
            world.http.faults = Faults(unavailable=1)
            for resident in residents:
                resident.touch(terminal)
            await world.wait(5)
            busy = [one for one in residents if say("busy", "en") in one.heard]
            assert len(busy) in {8, 9}  # the terminal may be asking for messages
            world.http.faults = Faults()
            others = [one for one in residents if one not in busy]
            await world.until(lambda: all(one.dialogs for one in others))
            for one in busy:
                one.touch(terminal)  # while the menus are open
            await world.wait(2)
            assert sum(one.heard.count(say("busy", "en")) == 2 for one in busy) in {7, 8, 9}
            await hear(world, others[-1], CLOSED, 120)
            busy[-1].touch(terminal)
            await world.until(lambda: bool(busy[-1].dialogs))

    play(scenario())
