"""Changes of many cards that are kept: shown before they are done, done part by part (decision 66).

A change is kept from the beginning on, so that nobody has to keep a page open: its cards are found
and tried (``bulk_checks``), a part at a time, and changed in the same parts once somebody says so.
Each part advances it under its guard, in the cards' own transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Self, get_args

import msgspec
from msgspec import Struct

from gridgift.domain import ledger, many
from gridgift.domain.bulk_change_failures import BulkChangeNotFound
from gridgift.domain.card_filters import Filters
from gridgift.domain.failures import Failure
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.instants import DAY
from gridgift.domain.many import Action, Outcome, OutcomeWord
from gridgift.domain.model import Caller
from gridgift.domain.paging import Page, Position
from gridgift.storage.database import Tx

KEPT_FOR: Final = 7 * DAY
PAGE: Final = 100  # changes that are looked at in one statement
PARTS: Final = 10  # of a change's cards that are read in one statement
LISTED: Final = 200  # cards of each outcome that are named before it is begun
OUTCOMES: Final[Sequence[OutcomeWord]] = get_args(OutcomeWord)
NOT_REACHED: Final = "not reached"

What = Literal["off", "on", "extend", "tag", "untag", "shorten"]

OPPOSITE: Final[Mapping[What, What]] = {
    "off": "on", "on": "off", "extend": "shorten", "shorten": "extend", "tag": "untag",
    "untag": "tag",
}  # fmt: skip


class Terms(Struct, frozen=True, omit_defaults=True):
    """What is to be done to each card, and to which: those that match, or with these ``ids``.

    Or those that the change with the id ``undoes`` has changed. ``expires_at`` (milliseconds) is of
    ``extend``, and of ``shorten`` the end that the cards were given; ``tag`` is of ``tag`` and
    ``untag``.
    """

    what: What
    expires_at: int | None = None
    tag: str = ""
    reason: str = ""
    matching: Filters | None = None
    ids: tuple[str, ...] = ()
    undoes: str = ""

    def opposite(self, change_id: str) -> "Terms":
        """Return what undoes the change with this id."""
        what = OPPOSITE[self.what]
        return Terms(what, expires_at=self.expires_at, tag=self.tag, undoes=change_id)

    async def action(self, tx: Tx, store_id: str, card_ids: Sequence[str]) -> Action:
        """Return the rule for each of some cards."""
        if self.what == "shorten":
            ends = await _ends_before(tx, store_id, self.undoes, card_ids)
            return many.ending_as_before(ends, self.expires_at)
        if self.what == "extend":
            return many.extending_to(self.expires_at, self.reason)
        if self.what in {"on", "off"}:
            return many.switching(active=self.what == "on", reason=self.reason)
        add, remove = ([self.tag], []) if self.what == "tag" else ([], [self.tag])
        return many.tagging(add, remove, self.reason)


class BulkChange(Struct, frozen=True):
    """A change of ``card_count`` cards, of which ``rows_done`` are done; ``terms`` are in JSON.

    Until it is ``checked_at``, so many cards are found, up to a ``place`` in what finds them (the
    keys of a position, in JSON). Until it is begun, the counts tell what would come of them.
    ``actor_id`` is who had it checked, and who began it once it is begun.
    """

    store_id: str
    id: str
    terms: str
    card_count: int
    rows_done: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    actor_id: str = ""
    created_at: int = 0
    started_at: int | None = None
    done_at: int | None = None
    place: str = "[]"
    checked_at: int | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build it from the columns of the SQL fragment ``bulk_change``."""
        return cls(*row)

    @property
    def asked(self) -> Terms:
        """What is to be done."""
        return msgspec.json.decode(self.terms, type=Terms)

    @property
    def caller(self) -> Caller:
        """Who does it: the ledger's entries name them, and the change as the request."""
        return Caller(self.store_id, "operator", self.actor_id, _request_id(self.id))

    @property
    def is_stopped(self) -> bool:
        """Whether somebody ended it before all of it was done, or before it was begun."""
        return self.done_at is not None and (
            self.started_at is None or self.rows_done < self.card_count
        )

    @property
    def counts(self) -> dict[OutcomeWord, int]:
        """How many cards there are of each outcome."""
        return {word: getattr(self, word) for word in OUTCOMES}


class CardOutcome(Struct, frozen=True):
    """What came of a card, and why it was refused; ``number`` is its place, from 1 on."""

    number: int
    card_id: str
    problem: str


Told = dict[OutcomeWord, list[CardOutcome]]
Say = Callable[[Failure], str]


def own_words(failure: Failure) -> str:
    """Say why a card was refused as the failure itself does."""
    return failure.detail


def told(
    card_ids: Sequence[str], outcomes: Sequence[Outcome], say: Say = own_words, first: int = 0
) -> Told:
    """Say by outcome what came of cards that stand behind the ``first`` ones."""
    came: Told = {word: [] for word in OUTCOMES}
    for number, (card_id, outcome) in enumerate(zip(card_ids, outcomes, strict=True), first + 1):
        problem = say(outcome) if isinstance(outcome, Failure) else ""
        came[many.word(outcome)].append(CardOutcome(number, card_id, problem))
    return came


def written(terms: Terms) -> str:
    """Return terms as they are kept."""
    return msgspec.json.encode(terms).decode()


async def add(tx: Tx, caller: Caller, change_id: str, terms: Terms) -> None:
    """Keep a change whose cards are still to be found; no card is changed yet."""
    await tx.run(
        "bulk_change_add",
        store_id=caller.store_id, id=change_id, terms=written(terms), actor_id=caller.actor_id,
        created_at=tx.now(),
    )  # fmt: skip


async def find(tx: Tx, store_id: str, change_id: str) -> BulkChange:
    """Return a change. Raises ``BulkChangeNotFound``."""
    row = await tx.one("bulk_change_find", store_id=store_id, id=change_id)
    if row is None:
        raise BulkChangeNotFound(change_id)
    return BulkChange.from_row(row)


async def list_of(tx: Tx, store_id: str, rows: int) -> list[BulkChange]:
    """Return the store's newest changes."""
    found = await tx.all("bulk_changes_newest", store_id=store_id, rows=rows)
    return [BulkChange.from_row(row) for row in found]


async def start(tx: Tx, caller: Caller, change_id: str) -> BulkChange | None:
    """Say that a change is to be done; return it.

    None: that was said already, or its cards are not found yet, and nothing changes. Raises
    ``BulkChangeNotFound``.
    """
    where = {"store_id": caller.store_id, "id": change_id}
    if not await tx.run("bulk_change_start", **where, actor_id=caller.actor_id, now=tx.now()):
        await find(tx, caller.store_id, change_id)
        return None
    await _forget_cards(tx, caller.store_id, change_id, len(OUTCOMES) * LISTED)
    return await find(tx, caller.store_id, change_id)


async def stop(tx: Tx, store_id: str, change_id: str) -> BulkChange | None:
    """End a change that is being done, or whose cards are being found; return it.

    What is done stays done. None: it is neither, and nothing changes. Raises
    ``BulkChangeNotFound``.
    """
    stopped = await tx.run("bulk_change_stop", store_id=store_id, id=change_id, now=tx.now())
    change = await find(tx, store_id, change_id)
    return change if stopped else None


async def unfinished(tx: Tx) -> list[tuple[str, str]]:
    """Return the stores and ids of changes that are being done, the oldest first."""
    rows = await tx.all("bulk_changes_unfinished", rows=PAGE)
    return [(store_id, change_id) for store_id, change_id in rows]


async def go_on(tx: Tx, store_id: str, change_id: str, say: Say = own_words) -> bool:
    """Change the next part of the cards and note what came of each; ``say`` says why if refused.

    False says that nothing is left to do, or that another run does it: then nothing changes here.
    Raises ``BulkChangeNotFound``.
    """
    change = await find(tx, store_id, change_id)
    where = {"store_id": store_id, "id": change_id}
    first, parts = change.rows_done, await _parts(tx, change, change.rows_done, 1)
    card_ids = [card_id for _, ids in parts for card_id in ids]
    if not card_ids or not await tx.run(
        "bulk_change_advance", **where, rows_done=first, rows=len(card_ids)
    ):
        return False
    asked = change.asked
    action = await asked.action(tx, store_id, card_ids)
    outcomes = await many.act_on_each(tx, change.caller, card_ids, action, asked.matching)
    came = told(card_ids, outcomes, say, first)
    await note(tx, change, came)
    await tx.run("bulk_change_count", **where, **{word: len(came[word]) for word in OUTCOMES})
    if first + len(card_ids) == change.card_count:
        await tx.run("bulk_change_done", **where, now=tx.now())
    return True


async def note(tx: Tx, change: BulkChange, came: Told) -> None:
    """Keep what came of cards."""
    rows = [
        (change.store_id, change.id, word, each.number, each.card_id, each.problem)
        for word, found in came.items()
        for each in found
    ]
    if rows:
        await tx.many("bulk_change_card_add", rows)


async def told_of(tx: Tx, change: BulkChange, rows: int) -> Told:
    """Return up to ``rows`` cards of each outcome, in order."""
    return {
        word: [
            CardOutcome(*row)
            for row in await tx.all(
                "bulk_change_cards_with",
                store_id=change.store_id, change_id=change.id, outcome=word, number=0, rows=rows,
            )
        ]
        for word in OUTCOMES
    }  # fmt: skip


async def unreached(tx: Tx, change: BulkChange, rows: int) -> list[CardOutcome]:
    """Return some cards, up to ``rows``, that a change did not come to before it was stopped."""
    parts = await _parts(tx, change, change.rows_done, PARTS) if change.is_stopped else []
    ids = [card_id for _, part in parts for card_id in part][:rows]
    return [CardOutcome(number, card_id, "") for number, card_id in enumerate(ids, 1)]


async def results(
    tx: Tx, change: BulkChange, position: Position, limit: int
) -> Page[tuple[str, str, str]]:
    """Return what came of a change's cards, outcome by outcome: the id, the outcome, the problem.

    Those of a stopped one that it did not come to are the last, with the outcome ``not reached``; a
    page of these may be longer or shorter.
    """
    outcome, number = position.keys or ("", 0)
    if outcome == NOT_REACHED:
        parts = await _parts(tx, change, int(number), PARTS)
        left = [(card_id, NOT_REACHED, "") for _, ids in parts for card_id in ids]
        following = Position((NOT_REACHED, int(number) + len(left))) if left else None
        return Page(left, following, None)
    rows = await tx.all(
        "bulk_change_cards_after",
        store_id=change.store_id, change_id=change.id, outcome=outcome, number=number, rows=limit,
    )  # fmt: skip
    found = [(card_id, word, problem) for word, _, card_id, problem in rows]
    if len(rows) == limit:
        last, number, *_ = rows[-1]
        return Page(found, Position((str(last), int(number))), None)
    return Page(
        found, Position((NOT_REACHED, change.rows_done)) if change.is_stopped else None, None
    )


async def changed_by(tx: Tx, change: BulkChange, position: Position, limit: int) -> Page[str]:
    """Return the next cards that the change which this one undoes has changed, in order."""
    (after,) = position.keys or (0,)
    rows = await tx.all(
        "bulk_change_cards_with",
        store_id=change.store_id, change_id=change.asked.undoes, outcome="changed", number=after,
        rows=limit,
    )  # fmt: skip
    following = Position((rows[-1][0],)) if len(rows) == limit else None
    return Page([card_id for _, card_id, _ in rows], following, None)


async def _parts(tx: Tx, change: BulkChange, first: int, rows: int) -> list[tuple[int, list[str]]]:
    """Return the cards behind the ``first`` ones, in some parts, each with how many are before."""
    found = await tx.all(
        "bulk_change_parts_from",
        store_id=change.store_id, change_id=change.id, first=first, rows=rows,
    )  # fmt: skip
    return [(before, str(ids).split()) for before, ids in found]


async def _ends_before(
    tx: Tx, store_id: str, change_id: str, card_ids: Sequence[str]
) -> dict[str, int | None]:
    """Return when cards ended before a change changed them, in milliseconds; None: never."""
    rows = await tx.all(
        "states_before_request", store_id=store_id, ids=card_ids, request_id=_request_id(change_id)
    )
    return {card_id: ledger.read_card_state(state).expires_at for card_id, state in rows}


def _request_id(change_id: str) -> str:
    return f"change {change_id}"


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` cards of a change of a week ago that is not being done.

    Once it has none, the change itself is deleted. Return how many rows were; 0: nothing is old.
    """
    for store_id, change_id in await tx.all(
        "bulk_changes_old", until_at=tx.now() - KEPT_FOR, rows=1
    ):
        return await _forget(tx, store_id, change_id, rows)
    return 0


async def forget_those(tx: Tx, store_id: str, is_meant: Callable[[str], bool]) -> int:
    """Delete the store's changes with terms that are meant; return how many.

    Not those that are being done.
    """
    found, after = 0, NIL_UUID
    while rows := await tx.all("bulk_changes_quiet", store_id=store_id, after=after, rows=PAGE):
        for after, terms in rows:
            if is_meant(terms):
                found += 1
                while await _forget(tx, store_id, after, PAGE):
                    pass
    return found


async def _forget(tx: Tx, store_id: str, change_id: str, rows: int) -> int:
    return (
        await _forget_cards(tx, store_id, change_id, rows)
        or await _forget_parts(tx, store_id, change_id, rows)
        or await tx.run("bulk_change_forget", store_id=store_id, id=change_id)
    )


async def _forget_cards(tx: Tx, store_id: str, change_id: str, rows: int) -> int:
    """Delete what is kept of up to ``rows`` cards; return of how many."""
    of_it = {"store_id": store_id, "change_id": change_id}
    found = await tx.all("bulk_change_cards_after", **of_it, outcome="", number=0, rows=rows)
    gone = [(store_id, change_id, outcome, number) for outcome, number, *_ in found]
    if gone:
        await tx.many("bulk_change_card_forget", gone)
    return len(gone)


async def _forget_parts(tx: Tx, store_id: str, change_id: str, rows: int) -> int:
    """Delete up to ``rows`` parts; return how many."""
    of_it = {"store_id": store_id, "change_id": change_id}
    found = await tx.all("bulk_change_parts_from", **of_it, first=0, rows=rows)
    if found:
        await tx.many("bulk_change_part_forget", [(store_id, change_id, row[0]) for row in found])
    return len(found)
