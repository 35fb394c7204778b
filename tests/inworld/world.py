"""A small Second Life: a region, residents in it, objects, and the clock."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, cast

from tests.inworld.clock import FastLoop
from tests.inworld.http import NULL_KEY, Http, Throttle
from tests.inworld.lsl import Key
from tests.inworld.scripts import Script, Touch

CHANGED_OWNER: Final = 0x80
CHANGED_REGION_START: Final = 0x400


@dataclass
class Dialog:
    """A menu, or without buttons a box to type into."""

    thing: "Thing"
    channel: int
    text: str
    buttons: list[str]


@dataclass
class Avatar:
    """A resident: what was said to them, and what they have in L$."""

    world: "World"
    name: str
    language: str = "en-us"
    group: str = NULL_KEY  # whose tag is worn
    born: str = "2007-05-30"
    balance: int = 0
    allows_debit: bool = False  # objects may pay from the balance
    is_here: bool = True
    heard: list[str] = field(default_factory=list)
    dialogs: list[Dialog] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The UUID, which is the same in every world."""
        return str(uuid.uuid5(uuid.UUID(int=0), self.name))

    def touch(self, thing: "Thing") -> None:
        """Touch an object."""
        touch = Touch(self.key, self.group == thing.group)
        for script in thing.scripts:
            script.event("touch_start", 1, touches=[touch])

    def pay(self, thing: "Thing", amount: int) -> None:
        """Pay an object: its owner has the L$ at once."""
        self.balance -= amount
        thing.owner.balance += amount
        for script in thing.scripts:
            script.event("money", Key(self.key), amount)

    def show(self, thing: "Thing", channel: int, text: str, buttons: list[str]) -> None:
        """Show a menu or a box to them."""
        self.dialogs.append(Dialog(thing, channel, text, buttons))

    def press(self, button: str) -> None:
        """Press a button of the menu that came last."""
        assert button in self.dialogs[-1].buttons, self.dialogs[-1]
        self._say(self.dialogs.pop(), button)

    def type(self, text: str) -> None:
        """Type into the box that came last."""
        assert not self.dialogs[-1].buttons, self.dialogs[-1]
        self._say(self.dialogs.pop(), text)

    def _say(self, dialog: Dialog, text: str) -> None:
        for script in dialog.thing.scripts:
            if script.listens.get(dialog.channel, self.key) in {"", self.key}:
                script.event("listen", dialog.channel, self.name, Key(self.key), text)


class Thing:
    """An object with scripts."""

    def __init__(self, world: "World", owner: Avatar, description: str = "") -> None:
        self.world, self.owner, self.description = world, owner, description
        self.key, self.name, self.group = str(uuid.uuid4()), "A box", NULL_KEY
        self.data: dict[str, tuple[str, str]] = {}  # linkset data: values and their passwords
        self.throttle = Throttle()
        self.scripts: list[Script] = []
        world.things[self.key] = self

    def put(self, source: str) -> Script:
        """Put a script into it."""
        self.scripts.append(Script(self, source))
        return self.scripts[-1]

    def replace(self, script: Script) -> None:
        """Let a script begin anew."""
        script.stop()
        self.scripts[self.scripts.index(script)] = Script(self, script.source)

    def copy(self) -> "Thing":
        """Make a copy, whose scripts and data go on where these are."""
        new = Thing(self.world, self.owner, self.description)
        new.data, new.group = deepcopy(self.data), self.group
        new.scripts = [Script(new, script.source, like=script) for script in self.scripts]
        return new

    def sell(self, buyer: Avatar) -> None:
        """Sell it where it stands."""
        self.owner = buyer
        for script in self.scripts:
            script.debit = False
            script.event("changed", CHANGED_OWNER)

    def headers(self) -> dict[str, str]:
        """What Second Life adds to each request."""
        return {
            "X-SecondLife-Shard": "Production",
            "X-SecondLife-Object-Name": self.name,
            "X-SecondLife-Object-Key": self.key,
            "X-SecondLife-Region": "Moonwall (256000, 256000)",
            "X-SecondLife-Local-Position": "(128.0, 128.0, 25.0)",
            "X-SecondLife-Owner-Name": self.owner.name,
            "X-SecondLife-Owner-Key": self.owner.key,
        }


class World:
    """What there is, and what happens in it."""

    def __init__(self, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.clock = cast("FastLoop", asyncio.get_running_loop()).clock
        self.avatars: dict[str, Avatar] = {}
        self.things: dict[str, Thing] = {}
        self.http = Http(self)
        self.transfers: list[tuple[str, int]] = []  # to whom objects have paid how much (L$)
        self.ahead = 0  # seconds: of Second Life's clock before the server's
        self.era = 0  # counts restarts of the region
        self.paid_unseen = 0.5  # the share of transfers that are made while it restarts
        self._runs = asyncio.Event()
        self._runs.set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failed: list[BaseException] = []

    @classmethod
    @asynccontextmanager
    async def begun(cls, seed: int = 1) -> AsyncIterator["World"]:
        """Make a world, and end it with all that happens in it."""
        world = cls(seed)
        try:
            yield world
            world._complain()
        finally:
            for task in list(world._tasks):
                task.cancel()
            await world.http.client.aclose()

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self.clock.now

    def avatar(self, name: str, **about: Any) -> Avatar:
        """Add a resident."""
        new = Avatar(self, name, **about)
        self.avatars[new.key] = new
        return new

    async def transfer(self, script: Script, key: str, receiver: Avatar, amount: int) -> None:
        """Pay from the balance of a script's owner, and tell the script if the region still runs.

        When it stops meanwhile, nobody can say from its side what came of it.
        """
        era, owner = self.era, script.thing.owner
        await asyncio.sleep(self.chance.uniform(0.2, 5))
        is_sent = self.era == era or self.chance.random() < self.paid_unseen
        can = is_sent and owner.balance >= amount
        if can:
            owner.balance -= amount
            receiver.balance += amount
            self.transfers.append((receiver.key, amount))
        if self.era == era:
            failed = "" if can else "LINDENDOLLAR_INSUFFICIENTFUNDS"
            script.event("transaction_result", Key(key), int(can), failed)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something happen beside the rest; if it fails, the test does."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    async def running(self) -> None:
        """Wait until the region runs."""
        await self._runs.wait()

    async def restart_region(self, seconds: float = 120) -> None:
        """Stop all scripts, lose the answers that are under way, and go on."""
        self.era += 1
        self._runs.clear()
        await asyncio.sleep(seconds)
        self._runs.set()
        for thing in self.things.values():
            for script in thing.scripts:
                script.event("changed", CHANGED_REGION_START)

    async def until(self, condition: Callable[[], bool], seconds: float = 600) -> None:
        """Let time pass until something is true."""
        deadline = self.now + seconds
        while not condition():
            self._complain()
            assert self.now < deadline, [one.heard for one in self.avatars.values()]
            await asyncio.sleep(0.25)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)
        self._complain()

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failed.append(cast("BaseException", task.exception()))

    def _complain(self) -> None:
        if self._failed:
            raise self._failed[0]
