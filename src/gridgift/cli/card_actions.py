"""``gridgift card enable``, ``disable``, ``extend`` and ``tag``: for one card, or for many."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from msgspec import UNSET, Struct, structs

from gridgift.cli.card_filters import FilterOptions, read_tag
from gridgift.cli.once import REPLAYED, IdempotencyKeyOption, key_of
from gridgift.cli.options import OptionalReasonOption, UsageError, read_expiry, read_uuid
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import operator, read_settings, read_store, run
from gridgift.cli.tables import print_table
from gridgift.domain import many, texts
from gridgift.domain.card_filters import Filters
from gridgift.domain.days import Expiry
from gridgift.domain.failures import Failure
from gridgift.domain.idempotency import IdempotencyKey, Once, key_of_part
from gridgift.domain.idempotency import Run as Changing
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.many import CARDS_AT_ONCE, MAX_CHOSEN, MAX_DAYS, Action, Outcome
from gridgift.domain.model import Caller, Store
from gridgift.many_views import CardResult, ManyCardsResponse
from gridgift.operations import Operations
from gridgift.selection import find_all
from gridgift.storage.database import Tx

STANDARD_INPUT: Final = "-"
_SINCE: Final = frozenset({"note", "metadata"})  # filters that keys of the program before lack


class ActionOptions(FilterOptions, frozen=True, kw_only=True):
    """Which cards: by their ids, or all that the filters find."""

    card_ids: Annotated[
        list[str] | None, typer.Argument(parser=read_uuid, metavar="[ID]...", help="Cards' ids.")
    ] = None
    ids: Annotated[
        str | None,
        typer.Option(
            "--ids", metavar="FILE", help="A file with an id on each line; - is standard input."
        ),
    ] = None
    all_cards: Annotated[
        bool, typer.Option("--all", help="All cards of the store, without a filter.")
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before.")] = False
    reason: OptionalReasonOption = ""
    key: IdempotencyKeyOption = None


class ExtendOptions(ActionOptions, frozen=True, kw_only=True):
    """Until when."""

    expires: Annotated[
        Expiry | None,
        typer.Option(
            "--expires",
            parser=read_expiry,
            metavar="DATE",
            help="2027-01-31: to the end of that day; or 2027-01-31T12:00:00Z, or never.",
        ),
    ] = None
    days: Annotated[
        int | None,
        typer.Option(
            "--days", min=1, max=MAX_DAYS, metavar="N", help="Later; if expired, from now on."
        ),
    ] = None

    def action(self, zone: str) -> Action:
        """Return what to do; days are those of a time zone. Raises ``UsageError``."""
        if (self.expires is None) is (self.days is None):
            raise UsageError("Say --expires or --days.")
        if self.expires is not None:
            return many.extending_to(self.expires.at(zone), self.reason)
        assert self.days is not None
        return many.extending_by(self.days, zone, self.reason)


class TagOptions(ActionOptions, frozen=True, kw_only=True):
    """Which tags."""

    add: Annotated[
        list[str] | None,
        typer.Option("--add", parser=read_tag, metavar="TAG", help="To give; repeat it."),
    ] = None
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", parser=read_tag, metavar="TAG", help="To take away; repeat it."),
    ] = None

    def action(self) -> Action:
        """Return what to do. Raises ``UsageError``."""
        add, remove = self.add or [], self.remove or []
        if not add and not remove:
            raise UsageError("Say --add or --remove.")
        if set(add) & set(remove):
            raise UsageError("A tag can't be both added and removed.")
        return many.tagging(add, remove, self.reason)


class Chosen(Struct, frozen=True):
    """The ids of the cards that are meant, and by which filters they were found (None: none)."""

    ids: list[str]
    matching: Filters | None

    def check(self, outcomes: list[Outcome]) -> None:
        """Raise the refusal of a card that is named alone: nothing is kept of it then."""
        if self.matching is None and len(self.ids) == 1 and isinstance(outcomes[0], Failure):
            raise outcomes[0]

    def check_number(self) -> None:
        """Raise ``UsageError`` for more cards than are remembered under a key."""
        if len(self.ids) > MAX_CHOSEN:
            raise UsageError(
                f"Under a key at most {MAX_CHOSEN} gift cards are changed, not {len(self.ids)}."
            )


class Part(Struct, frozen=True):
    """What came of some cards, as it is kept under a key; the first part has the ids of all.

    ``run`` is an id of the first part's own.
    """

    results: list[CardResult]
    ids: list[str] = []
    run: str = ""


class Run:
    """An action of the operator on cards of a store: once under a key, without one each time."""

    def __init__(
        self, operations: Operations, caller: Caller, action: Action, key: IdempotencyKey | None
    ) -> None:
        self._operations = operations
        self._caller = caller
        self._action = action
        self._key = key

    async def look(self, chosen: Chosen) -> list[CardResult]:
        """Return what would come of each card. Raises the refusal of a card that is named alone."""
        results: list[CardResult] = []
        for some in many.in_parts(chosen.ids):
            outcomes = await self._operations.read(
                many.act_on_each, self._caller, some, self._action, chosen.matching, dry=True
            )
            chosen.check(outcomes)
            results += map(CardResult.of, some, outcomes)
        return results

    async def do(self, chosen: Chosen) -> list[CardResult]:
        """Do it to the cards part by part; return what came of each.

        What was done under the key before is not done again. Then the cards are those that were
        found then, which the first part has. Raises the refusal of a card that is named alone.
        """
        if not chosen.ids and self._key is None:
            return []
        part, replayed = await self._change(chosen, 0, self._key)
        chosen, begun = structs.replace(chosen, ids=part.ids), part.run.encode()
        results = part.results
        for first in range(CARDS_AT_ONCE, len(chosen.ids), CARDS_AT_ONCE):
            key = key_of_part(self._key, begun, first)
            part, again = await self._change(chosen, first, key)
            results += part.results
            replayed = replayed and again
        if replayed:
            print_note(REPLAYED)
        return results

    async def _change(
        self, chosen: Chosen, first: int, key: IdempotencyKey | None
    ) -> tuple[Part, bool]:
        """Change some cards, of which ``first`` is the place, in one transaction.

        Returns what came of them, and whether that was before.
        """
        some = chosen.ids[first : first + CARDS_AT_ONCE]
        remembered, begun = ([], "") if first else (chosen.ids, new_id())

        async def change(tx: Tx) -> list[Outcome]:
            if key is not None:
                chosen.check_number()
            outcomes = await many.act_on_each(tx, self._caller, some, self._action, chosen.matching)
            chosen.check(outcomes)
            return outcomes

        def show(outcomes: list[Outcome]) -> bytes:
            results = list(map(CardResult.of, some, outcomes))
            return msgspec.json.encode(Part(results, remembered, begun))

        once: Once[Changing[list[Outcome]], list[Outcome]] = Once(change, key, show)
        answered = await self._operations.once(self._caller.store_id, once)
        return msgspec.json.decode(answered.answer, type=Part), answered.replayed


def enable(context: typer.Context, options: ActionOptions) -> None:
    """Make cards active."""
    _act(context, options, lambda zone: many.switching(active=True, reason=options.reason))


def disable(context: typer.Context, options: ActionOptions) -> None:
    """Make cards inactive; nobody can redeem them then."""
    _act(context, options, lambda zone: many.switching(active=False, reason=options.reason))


def extend(context: typer.Context, options: ExtendOptions) -> None:
    """Let cards expire later, or never. No card's date comes nearer by it."""
    _act(context, options, options.action)


def tag(context: typer.Context, options: TagOptions) -> None:
    """Give cards tags, and take others away."""
    _act(context, options, lambda zone: options.action())


def _act(
    context: typer.Context, options: ActionOptions, action_in: Callable[[str], Action]
) -> None:
    """Do it to the cards that are meant, and print what came of each.

    What filters find is counted first, and asked about. Exits with 1 if any card is refused; the
    refusal of a card that is named alone is raised.
    """
    named = _named(options)
    key = key_of(context, _SINCE, card_ids=named, ids=None)

    async def work(operations: Operations) -> list[CardResult]:
        store = await read_store(operations, options.store)
        wanted = Run(operations, operator(store.id), action_in(store.time_zone), key)
        chosen = await _choose(operations, store, options, named)
        if options.dry_run:
            return await wanted.look(chosen)
        if chosen.matching is not None and not options.yes:
            _ask(await wanted.look(chosen))
        return await wanted.do(chosen)

    results = run(read_settings(options.database), work, update=not options.dry_run)
    _print(options, results)
    if any(result.outcome == "refused" for result in results):
        raise typer.Exit(1)


def _named(options: ActionOptions) -> list[str] | None:
    """Return the cards that are named, each once; None if filters are to find them."""
    named = [*(options.card_ids or ()), *(_read_ids(options.ids) if options.ids else ())]
    by_ids = options.ids is not None or options.card_ids
    by_filters = options.are_given or options.all_cards
    if by_ids and by_filters:
        raise UsageError("Name cards by their ids, or find them by filters, but not both.")
    if options.are_given and options.all_cards:
        raise UsageError("--all goes with no filter.")
    if by_ids:
        return list(dict.fromkeys(named))
    if not by_filters:
        raise UsageError("Which cards? Name their ids, or say filters or --all.")
    return None


def _read_ids(file: str) -> list[str]:
    """Read a file with an id on each line. Raises ``UsageError``."""
    try:
        text = sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can't be read: {error}.") from None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found.append(parse_uuid(line.strip()) or "")
            if not found[-1]:
                raise UsageError(f"{file}, line {number}: {line.strip()[:64]!r} is not a UUID.")
    return found


async def _choose(
    operations: Operations, store: Store, options: ActionOptions, named: list[str] | None
) -> Chosen:
    if named is not None:
        return Chosen(named, None)
    filters = options.filters(store.time_zone)
    return Chosen(await find_all(operations, store.id, filters), filters)


def _ask(results: list[CardResult]) -> None:
    """Ask whether to go on. Raises ``UsageError`` where nobody can answer, and ``Abort``."""
    print_note(f"{_counted(results)}.")
    if not sys.stdin.isatty():
        raise UsageError("Look with --dry-run, then say --yes.")
    typer.confirm("Go on?", abort=True, err=True)


def _counted(results: list[CardResult]) -> str:
    words = Counter(result.outcome for result in results)
    cards = texts.counted(len(results), "gift card")
    as_is, refused = words["unchanged"], words["refused"]
    return f"{cards}: {words['changed']} to change, {as_is} as they are, {refused} refused"


def _print(options: ActionOptions, results: list[CardResult]) -> None:
    if options.json:
        print_json(ManyCardsResponse.of(results, dry_run=options.dry_run))
        return
    print_table(
        ("ID", "OUTCOME", "WHY"),
        [
            (each.id, each.outcome, "" if each.problem is UNSET else each.problem.detail)
            for each in results
        ],
    )


def add_to(app: typer.Typer) -> None:
    """Make these commands of a group."""
    for command in (enable, disable, extend, tag):
        app.command()(command)
