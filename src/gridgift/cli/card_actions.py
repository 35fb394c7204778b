"""``gridgift card enable``, ``disable``, ``extend`` and ``tag``: for one card, or for many."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from gridgift.cli.card_filters import FilterOptions, read_tag
from gridgift.cli.options import OptionalReasonOption, UsageError, read_expiry, read_uuid
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import operator, read_settings, read_store, run
from gridgift.cli.tables import print_table
from gridgift.domain import many, texts
from gridgift.domain.days import Expiry
from gridgift.domain.failures import Failure
from gridgift.domain.ids import parse_uuid
from gridgift.domain.many import CARDS_AT_ONCE, MAX_DAYS, Action, Outcome, word
from gridgift.domain.model import Caller, Store
from gridgift.domain.search import Filters
from gridgift.many_views import ManyCardsResponse
from gridgift.operations import Operations
from gridgift.selection import find_all

STANDARD_INPUT: Final = "-"


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


class Run:
    """An action of the operator on cards of a store."""

    def __init__(self, operations: Operations, caller: Caller, action: Action) -> None:
        self._operations = operations
        self._caller = caller
        self._action = action

    async def over(self, chosen: Chosen, *, dry: bool) -> list[Outcome]:
        """Do it to each card, or only tell what would come of it."""
        outcomes: list[Outcome] = []
        run = self._operations.read if dry else self._operations.write
        for first in range(0, len(chosen.ids), CARDS_AT_ONCE):
            some = chosen.ids[first : first + CARDS_AT_ONCE]
            outcomes += await run(
                many.act_on_each, self._caller, some, self._action, chosen.matching, dry=dry
            )
        return outcomes


def enable(options: ActionOptions) -> None:
    """Make cards active."""
    _act(options, lambda zone: many.switching(active=True, reason=options.reason))


def disable(options: ActionOptions) -> None:
    """Make cards inactive; nobody can redeem them then."""
    _act(options, lambda zone: many.switching(active=False, reason=options.reason))


def extend(options: ExtendOptions) -> None:
    """Let cards expire later, or never. No card's date comes nearer by it."""
    _act(options, options.action)


def tag(options: TagOptions) -> None:
    """Give cards tags, and take others away."""
    _act(options, lambda zone: options.action())


def _act(options: ActionOptions, action_in: Callable[[str], Action]) -> None:
    """Do it to the cards that are meant, and print what came of each.

    What filters find is counted first, and asked about. Exits with 1 if any card is refused; the
    refusal of a single card is raised.
    """
    named = _named(options)

    async def work(operations: Operations) -> tuple[list[str], list[Outcome]]:
        store = await read_store(operations, options.store)
        done = Run(operations, operator(store.id), action_in(store.time_zone))
        chosen = await _choose(operations, store, options, named)
        if chosen.matching is not None and not options.dry_run and not options.yes:
            _ask(await done.over(chosen, dry=True))
        return chosen.ids, await done.over(chosen, dry=options.dry_run)

    ids, outcomes = run(read_settings(options.database), work, update=not options.dry_run)
    if named is not None and len(ids) == 1 and isinstance(outcomes[0], Failure):
        raise outcomes[0]
    _print(options, ids, outcomes)
    if any(isinstance(outcome, Failure) for outcome in outcomes):
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


def _ask(outcomes: list[Outcome]) -> None:
    """Ask whether to go on. Raises ``UsageError`` where nobody can answer, and ``Abort``."""
    print_note(f"{_counted(outcomes)}.")
    if not sys.stdin.isatty():
        raise UsageError("Look with --dry-run, then say --yes.")
    typer.confirm("Go on?", abort=True, err=True)


def _counted(outcomes: list[Outcome]) -> str:
    words = Counter(map(word, outcomes))
    cards = texts.counted(len(outcomes), "gift card")
    as_is, refused = words["unchanged"], words["refused"]
    return f"{cards}: {words['changed']} to change, {as_is} as they are, {refused} refused"


def _print(options: ActionOptions, ids: list[str], outcomes: list[Outcome]) -> None:
    if options.json:
        print_json(ManyCardsResponse.of(ids, outcomes, dry_run=options.dry_run))
        return
    print_table(
        ("ID", "OUTCOME", "WHY"),
        [
            (card_id, word(outcome), outcome.detail if isinstance(outcome, Failure) else "")
            for card_id, outcome in zip(ids, outcomes, strict=True)
        ],
    )


def add_to(app: typer.Typer) -> None:
    """Make these commands of a group."""
    for command in (enable, disable, extend, tag):
        app.command()(command)
