"""``directory.lsl``: Second Life says who has a name, and what an avatar is called."""

import asyncio
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.inworld.clock import play
from tests.inworld.http import Faults
from tests.inworld.store import Store
from tests.inworld.world import Thing, World
from tests.serving import PATIENCE, Server


@pytest.fixture(scope="module")
def asking_server(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that asks directories in Second Life."""
    path = tmp_path_factory.mktemp("asking") / "gridgift.db"
    shutil.copy(sqlite_template, path)
    environ = {"GRIDGIFT_RESOLVER_URL": "in-world"}
    with Server.started(f"sqlite:///{path}", environ=environ) as server:
        yield server


@pytest.fixture
def asking_store(asking_server: Server) -> Store:
    """A store of the test's own there."""
    return Store(asking_server)


async def granted(store: Store, world: World, name: str) -> Any:
    """Grant a card, as often as the server wants to be asked again; return what it says."""
    path = f"/v1/customers/{name}/actions/grant-gift-card"
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    def ask() -> Any:
        return store.client.post(path, json={"credit": 100}, headers=headers).json()

    end = asyncio.get_running_loop().run_in_executor
    for _ in range(int(PATIENCE)):
        answer = await end(None, ask)
        await world.wait(1)
        if answer.get("code") != "directory_pending":
            return answer
    raise AssertionError(answer)


async def directory_of(store: Store, world: World) -> Thing:
    """Place a paired directory of a new owner."""
    return await store.placed(world, world.avatar("ada.store"), "directory", "directory")


def test_names_and_avatars_are_found(asking_store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            await directory_of(asking_store, world)
            pat, sam = world.avatar("pat.lee", is_here=False), world.avatar("sam.low")
            card = await granted(asking_store, world, "pat.lee")
            assert card["ownerUuid"] == pat.key
            card = await granted(asking_store, world, sam.key)
            assert (card["ownerUuid"], card["ownerUsername"]) == (sam.key, "sam.low")
            nobody = await granted(asking_store, world, "nobody.there")
            assert nobody["code"] == "resident_not_found"
            assert world.http.throttled == 0

    play(scenario())


def test_many_names_under_faults(asking_store: Store) -> None:
    async def scenario() -> None:
        async with World.begun(seed=3) as world:
            await directory_of(asking_store, world)
            world.http.faults = Faults(dropped=0.1, lost=0.1, unavailable=0.1)
            people = [world.avatar(f"person{number}", is_here=False) for number in range(15)]
            cards = await asyncio.gather(
                *(granted(asking_store, world, one.name) for one in people)
            )
            assert [card["ownerUuid"] for card in cards] == [one.key for one in people]
            assert world.http.throttled == 0

    play(scenario())


def test_a_directory_that_is_switched_off_or_refused_asks_seldom(asking_store: Store) -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box = await directory_of(asking_store, world)
            path = f"/ext/v1/units/{box.description}"
            asking_store.call("PATCH", path, json={"paused": True})
            before = len(world.http.sent)
            await world.wait(600)
            assert len(world.http.sent) - before <= 12
            asking_store.call("PATCH", path, json={"paused": False})
            asking_store.call("POST", f"{path}/actions/revoke")
            await world.wait(120)
            before = len(world.http.sent)
            await world.wait(600)
            assert len(world.http.sent) == before
            assert "pair me anew" in box.owner.heard[-1]
            assert not box.scripts[0].interval

    play(scenario())
