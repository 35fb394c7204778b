"""``gridgift inworld simulate``: objects at work against a server that runs."""

import random
import signal
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer
from msgspec import Struct

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import (
    StoreOptions,
    UsageError,
    read_url,
    read_uuid,
)
from gridgift.cli.output import print_error, print_json, print_note
from gridgift.cli.session import read_settings, read_store, run
from gridgift.cli.simulation import TIME_OUT, Simulation, Tally, Thing, Wire
from gridgift.cli.simulation_check import Check, check, given
from gridgift.cli.simulation_output import print_summary, shown, summary
from gridgift.cli.simulation_store import KINDS, crowd, find_units, is_demo, revoke, welcome
from gridgift.domain.model import Store
from gridgift.domain.units import PairingCode
from gridgift.inworld.protocol import Visitor
from gridgift.operations import Operations

if TYPE_CHECKING:
    import httpx2

URL: Final = "http://127.0.0.1:8080"  # gridgift demo's
MOST_RESIDENTS: Final = 1_000
MOST_FAULTS: Final = 90  # percent
LONGEST: Final = 3_600  # seconds
FASTEST: Final = 50


class Plan(Struct, frozen=True):
    """What is to be simulated, as the options have it."""

    url: str
    residents: int
    faults: int  # percent of the requests
    seconds: int
    speed: int
    seed: int
    named: dict[str, str]  # units' ids and their pairing codes


class Pairing(Struct, frozen=True):
    """A unit's id and its pairing code."""

    unit_id: str
    code: str


def read_pairing(text: str) -> Pairing:
    """Read a unit's id and its pairing code."""
    unit_id, _, code = text.partition("=")
    if not code:
        raise typer.BadParameter(f"{text!r} is not a unit's id, =, and its pairing code.")
    return Pairing(read_uuid(unit_id), code)


def _number(option: str, least: int, most: int, help_: str) -> object:
    return typer.Option(option, min=least, max=most, metavar="N", help=help_)


def simulate(
    residents: Annotated[
        int, _number("--residents", 1, MOST_RESIDENTS, "How many residents come.")
    ] = 100,
    faults: Annotated[
        int, _number("--faults", 0, MOST_FAULTS, "How many percent of the requests go wrong.")
    ] = 0,
    seconds: Annotated[
        int, _number("--seconds", 1, LONGEST, "When it ends at the latest; then payments settle.")
    ] = 120,
    speed: Annotated[
        int, _number("--speed", 1, FASTEST, "How many of the objects' seconds pass in one.")
    ] = 20,
    seed: Annotated[
        int | None, _number("--seed", 0, 2**31 - 1, "Lets the same happen again, nearly.")
    ] = None,
    url: Annotated[
        str, typer.Option("--url", parser=read_url, metavar="URL", help="Where the server is.")
    ] = URL,
    pair: Annotated[
        list[Pairing] | None,
        typer.Option(
            "--pair",
            parser=read_pairing,
            metavar="UNIT=CODE",
            help="Be the object of this unit of yours, not of a new one; repeat it.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write cards into a store that is not the demo.")
    ] = False,
    *,
    options: StoreOptions,
) -> None:
    """Play residents at objects, against a server that runs.

    Delivery units, terminals and vendors send what their scripts send. It writes residents and
    cards into the store, which stay; the objects are revoked in the end. If the L$ that were paid
    are not all in cards and refunds, each once, the exit code is 1.
    """
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    named = {each.unit_id: each.code for each in pair or ()}
    plan = Plan(url, residents, faults, seconds, speed, seed, named)
    beginning = time.monotonic()
    work = partial(_simulate, plan=plan, store_id=options.store, yes=yes, json=options.json)
    simulation, checked = run(read_settings(options.database), work)
    if options.json:
        print_json(summary(simulation, checked, time.monotonic() - beginning))
    else:
        print_summary(simulation, checked)
        for sentence in checked.wrong:
            print_error(sentence)
    if checked.wrong:
        raise typer.Exit(ExitCode.REFUSED)


async def _simulate(
    operations: Operations, *, plan: Plan, store_id: str | None, yes: bool, json: bool
) -> tuple[Simulation, Check]:
    """Prepare the store, let it happen, and check it; the objects are revoked whatever comes."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # it cancels this
    store = await read_store(operations, store_id)
    if not yes and not is_demo(store):
        raise UsageError(f"{store.name} is not the demo, and this gives cards there: say --yes.")
    import httpx2  # other commands do without

    async with httpx2.AsyncClient(timeout=TIME_OUT) as client:
        await _check_server(client, plan.url)
        codes = await find_units(operations, store.id, plan.residents, plan.named)
        found = [code.unit for code in codes]
        wire, things = Wire(client, plan.url, plan.seed), list[Thing]()
        try:
            await _pair(wire, store, codes, plan, things)
            if not json:
                print_note(f"This gives cards at {store.name}; seed {plan.seed}. Ctrl-C ends it.")
            visitors = crowd(plan.residents)
            await operations.write(welcome, store.id, visitors)
            before = await operations.read(given, found)
            simulation = Simulation(things, visitors, plan.speed, plan.seed)
            wire.share = plan.faults / 100
            async with shown(simulation, json):
                await simulation.run(wire, plan.seconds)
            return simulation, await operations.read(check, found, before, simulation)
        finally:
            await operations.write(revoke, store.id, [thing.unit_id for thing in things])


async def _check_server(client: "httpx2.AsyncClient", url: str) -> None:
    import httpx2

    try:
        (await client.get(f"{url}/healthz")).raise_for_status()
    except httpx2.HTTPError as error:
        raise UsageError(
            f"No server answers at {url}: start 'gridgift serve', or say where it is with --url."
        ) from error


async def _pair(
    wire: Wire, store: Store, codes: Sequence[PairingCode], plan: Plan, things: list[Thing]
) -> None:
    """Pair an object with each unit, and add it to ``things``. Raises ``UsageError``."""
    owner = Visitor(store.owner_uuid, store.owner_username)
    tallies = {kind: Tally() for kind in KINDS}
    for each in codes:
        unit, key = each.unit, str(uuid.uuid4())
        thing = Thing(wire, unit.id, unit.kind, key, owner, tallies[unit.kind])
        things.append(
            thing
        )  # before it is paired: whoever interrupts that can't know whether it is
        answer = await thing.pair(each.code, plan.speed)
        if answer.status != 200:
            things.remove(thing)
        if answer.code == "unit_unknown":
            raise UsageError(f"The server at {plan.url} has another database than this command.")
        if answer.status != 200:
            why = answer.members.get("msg", f"it answers {answer.status}")
            raise UsageError(f"Unit {unit.id} can't be paired at {plan.url}: {why}")
