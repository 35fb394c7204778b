"""A small Second Life for ``gridgift inworld simulate``: residents, objects, and what goes wrong.

The objects send what the scripts send (``inworld.protocol``), as often as those do
(``inworld.sender``), to a server that runs. Each resident touches a delivery unit, looks at a
terminal and redeems a card there or passes it on, and pays a vendor.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from gridgift.domain.units import UnitKind
from gridgift.inworld import protocol
from gridgift.inworld.protocol import Asked, Visitor
from gridgift.inworld.sender import NO_ANSWER, Answer, Sender

if TYPE_CHECKING:
    import httpx2

ARRIVALS: Final = 60  # of the objects' seconds, in which the residents come
TIME_OUT: Final = 60.0  # seconds, as in Second Life
SETTLING: Final = 600  # of the objects' seconds, for open payments when time is up
PRICES: Final = (100, 250, 500, 1000)  # L$, as vendor.lsl has them
FRESH: Final = 60  # seconds for which the store's word holds that a refund is owed
NOBODY: Final = "somebody I forgot"  # whom a card is sometimes to be for: no username
TROUBLES: Final = frozenset(  # with the object itself, as in common.lsl: it has to be paired anew
    {
        "unit_unknown", "unit_not_paired", "signature_invalid", "object_not_paired",
        "unit_kind_refused",
    }
)  # fmt: skip
FAULTS: Final = ("dropped", "lost", "unavailable")


class Tally(Struct):
    """What came of the requests of all objects of a kind."""

    faults: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    done: int = 0
    unanswered: int = 0  # given up after ten tries


class Payment(Struct):
    """L$ that a vendor was paid: ``outcome`` is "card" or "refund" once the vendor knows it."""

    unit_id: str
    nonce: str
    amount: int
    outcome: str = ""


class Wire:
    """The way to the server, on which ``share`` of the requests come to harm; none at first."""

    def __init__(self, client: "httpx2.AsyncClient", url: str, seed: int) -> None:
        self._client, self._url = client, url
        self._chance = random.Random(seed)  # noqa: S311
        self.share = 0.0

    async def post(
        self, asked: Asked, headers: dict[str, str], faults: Counter[str]
    ) -> tuple[int, bytes]:
        """Send a request. One that was dropped, or whose answer was lost, never returns."""
        import httpx2  # other commands do without

        fault = self._chance.choice(FAULTS) if self._chance.random() < self.share else ""
        faults[fault] += bool(fault)
        if fault == "unavailable":
            return 503, b""
        if fault == "dropped":
            return await asyncio.Future()
        try:
            response = await self._client.post(
                self._url + asked.path, content=asked.body, headers=headers
            )
        except httpx2.HTTPError:
            return NO_ANSWER, b""
        return await asyncio.Future() if fault else (response.status_code, response.content)


class Thing:
    """A paired object in Second Life: a unit's, with a key of its own."""

    def __init__(
        self, wire: Wire, unit_id: str, kind: UnitKind, key: str, owner: Visitor, tally: Tally
    ) -> None:
        self.wire, self.unit_id, self.kind, self.key = wire, unit_id, kind, key
        self.owner, self.tally = owner, tally
        self.sender = Sender(unit_id, "", self._post)

    async def pair(self, code: str, speed: float) -> Answer:
        """Be paired by a code, from then on in a time that is ``speed`` times as fast."""
        asked = protocol.pair(code, self.key, self.owner)
        headers = asked.headers(self.unit_id, "", int(time.time()))
        answer = Answer.read(*await self._post(asked, headers))
        secret = str(answer.members.get("secret", ""))
        self.sender = Sender(self.unit_id, secret, self._post, speed)
        return answer

    async def ask(self, asked: Asked) -> Answer:
        """Have a request settled, and count what came of it."""
        answer = await self.sender.ask(asked)
        self.tally.done += answer.status == 200
        self.tally.unanswered += answer.status == 0
        if answer.status not in {0, 200}:
            self.tally.refused[answer.code] += 1
        return answer

    async def _post(self, asked: Asked, headers: dict[str, str]) -> tuple[int, bytes]:
        return await self.wire.post(asked, headers | self._headers(), self.tally.faults)

    def _headers(self) -> dict[str, str]:
        """Return what the script and Second Life add to each request."""
        return {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-SecondLife-Shard": "Production",
            "X-SecondLife-Object-Name": "Simulation",
            "X-SecondLife-Object-Key": self.key,
            "X-SecondLife-Owner-Key": self.owner.key,
            "X-SecondLife-Owner-Name": self.owner.name,
        }


class Simulation:
    """Residents at objects. ``speed`` is how many of the objects' seconds pass in one."""

    def __init__(
        self, things: Sequence[Thing], visitors: Sequence[Visitor], speed: float, seed: int
    ) -> None:
        self.things, self.visitors, self.speed = things, visitors, speed
        self.payments: list[Payment] = []
        self.told = 0  # of a card, by a delivery unit
        self.left = 0  # residents who have done all they came for
        self._chance = random.Random(seed)  # noqa: S311
        self._settling: set[asyncio.Task[None]] = set()

    async def run(self, wire: Wire, seconds: float) -> None:
        """Let residents come; after so many seconds only payments are settled, without faults."""
        senders = [asyncio.create_task(thing.sender.run()) for thing in self.things]
        visits = [asyncio.create_task(self._visit(visitor)) for visitor in self.visitors]
        try:
            done, late = await asyncio.wait(visits, timeout=seconds)
            wire.share = 0
            for visit in late:
                visit.cancel()
            if self._settling:
                await asyncio.wait(self._settling, timeout=SETTLING / self.speed)
            for visit in done:
                visit.result()  # raises what was not foreseen
        finally:
            for task in (*senders, *visits, *self._settling):
                task.cancel()

    def paid(self, outcome: str | None = None) -> list[int]:
        """List the payments that came to this in L$; all without an outcome, "" for open ones."""
        return [one.amount for one in self.payments if outcome in {None, one.outcome}]

    async def _visit(self, visitor: Visitor) -> None:
        await asyncio.sleep(self._chance.uniform(0, ARRIVALS) / self.speed)
        await self._claim(visitor)
        await self._use_terminal(visitor)
        await self._buy(visitor)
        self.left += 1

    async def _claim(self, visitor: Visitor) -> None:
        """Touch a delivery unit; one of five touches it again."""
        thing = self._any("delivery")
        codes = set()
        for _ in range(self._chance.choice((1, 1, 1, 1, 2))):
            answer = await thing.ask(protocol.claim(visitor, thing.key, thing.owner.key))
            codes.add(answer.code)
        self.told += bool(codes & {"granted", "already_claimed"})

    async def _use_terminal(self, visitor: Visitor) -> None:
        """Look at the wallet, and redeem a card, pass one on, or neither."""
        thing = self._any("terminal")
        answer = await thing.ask(protocol.wallet(visitor))
        cards = str(answer.members.get("cards", ""))
        if not cards:
            return
        card = self._chance.choice(cards.split(",")).partition("|")[0]
        what = self._chance.choice(("redeem", "redeem", "pass on", "close"))
        if what == "redeem":
            await thing.ask(protocol.redeem(visitor, card))
        elif what == "pass on":
            await thing.ask(protocol.transfer(visitor, card, self._chance.choice(self._names())))

    async def _buy(self, visitor: Visitor) -> None:
        """Pay a vendor: for oneself, for a friend, or for somebody whose name is no name."""
        thing, amount = self._any("vendor"), self._chance.choice(PRICES)
        friend = self._chance.choice(("", "", "", self._chance.choice(self._names()), NOBODY))
        asked = protocol.purchase(visitor, amount, int(time.time()), friend)
        payment = Payment(thing.unit_id, asked.nonce, amount)
        self.payments.append(payment)
        settled = asyncio.create_task(self._settle(thing, visitor, asked, payment))
        self._settling.add(settled)
        await asyncio.shield(settled)

    async def _settle(self, thing: Thing, visitor: Visitor, asked: Asked, payment: Payment) -> None:
        """Ask for the card of a payment, or give it back when there is none, as vendor.lsl does."""
        answer = await self._decided(thing, asked)
        if answer.status == 200:
            payment.outcome = "card"
        elif answer.code not in TROUBLES:
            await self._give_back(thing, visitor, payment)

    async def _give_back(self, thing: Thing, visitor: Visitor, payment: Payment) -> None:
        """Give L$ back if the store says so just now, and tell it."""
        fresh = False
        while not fresh:
            answer = await self._decided(thing, protocol.refund(visitor, payment.nonce, 0))
            if answer.status != 200 and answer.code != "refund_not_found":
                return
            fresh = time.time() - answer.members.get("asked", time.time()) < FRESH
        payment.outcome = "refund"
        await self._decided(thing, protocol.refund(visitor, payment.nonce, 1))

    async def _decided(self, thing: Thing, asked: Asked) -> Answer:
        """Ask until the store has decided; or the object is in trouble, and has to be paired anew.

        Then what it keeps stays where it is.
        """
        while True:
            answer = await thing.ask(asked)
            if answer.status and answer.code != "time_invalid":
                return answer

    def _any(self, kind: UnitKind) -> Thing:
        return self._chance.choice([thing for thing in self.things if thing.kind == kind])

    def _names(self) -> list[str]:
        return [visitor.name for visitor in self.visitors]


def tallies(simulation: Simulation) -> list[dict[str, Any]]:
    """Return what each kind of object has sent, and what came of it."""
    rows = []
    for kind in dict.fromkeys(thing.kind for thing in simulation.things):
        things = [thing for thing in simulation.things if thing.kind == kind]
        tally, senders = things[0].tally, [thing.sender for thing in things]
        rows.append(
            {
                "kind": kind,
                "objects": len(things),
                "requests": sum(sender.sent for sender in senders),
                "repeated": sum(sender.repeated for sender in senders),
                **{fault: tally.faults[fault] for fault in FAULTS},
                "done": tally.done,
                "refused": dict(sorted(tally.refused.items())),
                "unanswered": tally.unanswered,
                "waiting": sum(sender.waiting for sender in senders),
            }
        )
    return rows
