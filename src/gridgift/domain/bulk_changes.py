"""Changes of many cards that are kept: shown before they are done, done part by part (decision 59).

A change is kept from its first check on, with the cards that it was shown for, so that nobody has
to keep a page open. Each part advances it under its guard, in the cards' own transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Self, get_args

import msgspec
from msgspec import Struct

from gridgift.domain import many
from gridgift.domain.bulk_change_failures import BulkChangeNotFound
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.instants import DAY
from gridgift.domain.many import Action, Outcome, OutcomeWord
from gridgift.domain.model import Caller
from gridgift.domain.search import Filters
from gridgift.storage.database import Tx

KEPT_FOR: Final = 7 * DAY
PAGE: Final = 100  # changes that are looked at in one statement
OUTCOMES: Final[Sequence[OutcomeWord]] = get_args(OutcomeWord)

What = Literal["off", "on", "extend", "tag", "untag"]

OPPOSITE: Final[Mapping[What, What]] = {"off": "on", "on": "off", "tag": "untag", "untag": "tag"}


class Terms(Struct, frozen=True, omit_defaults=True):
    """What is to be done to each card, and by what they were found, unless by their ids.

    ``expires_at`` (milliseconds) is of ``extend``, ``tag`` of ``tag`` and ``untag``.
    """

    what: What
    expires_at: int | None = None
    tag: str = ""
    reason: str = ""
    matching: Filters | None = None

    def action(self) -> Action:
        """Return the rule for each card."""
        if self.what == "extend":
            return many.extending_to(self.expires_at, self.reason)
        if self.what in {"on", "off"}:
            return many.switching(active=self.what == "on", reason=self.reason)
        add, remove = ([self.tag], []) if self.what == "tag" else ([], [self.tag])
        return many.tagging(add, remove, self.reason)


class BulkChange(Struct, frozen=True):
    """A change of ``card_count`` cards, of which ``rows_done`` are done; ``terms`` are in JSON.

    ``actor_id`` is who had it checked, and who started it once it is started.
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
        return Caller(self.store_id, "operator", self.actor_id, f"change {self.id}")


class CardOutcome(Struct, frozen=True):
    """What came of a card, and why it was refused; ``number`` is its place, from 1 on."""

    number: int
    card_id: str
    problem: str


Told = dict[OutcomeWord, list[CardOutcome]]


def told(card_ids: Sequence[str], outcomes: Sequence[Outcome], first: int = 0) -> Told:
    """Say by outcome what came of cards that stand behind the ``first`` ones."""
    came: Told = {word: [] for word in OUTCOMES}
    for number, (card_id, outcome) in enumerate(zip(card_ids, outcomes, strict=True), first + 1):
        problem = outcome.detail if isinstance(outcome, Failure) else ""
        came[many.word(outcome)].append(CardOutcome(number, card_id, problem))
    return came


def written(terms: Terms) -> str:
    """Return terms as they are kept."""
    return msgspec.json.encode(terms).decode()


async def add(
    tx: Tx, caller: Caller, change_id: str, terms: Terms, card_ids: Sequence[str]
) -> None:
    """Keep a change that is to be looked at; no card is changed yet.

    Raises ``ValidationFailed`` if it is of no card.
    """
    if not card_ids:
        raise ValidationFailed({"ids": ["must name a card"]})
    await tx.run(
        "bulk_change_add",
        store_id=caller.store_id, id=change_id, terms=written(terms),
        chosen=" ".join(card_ids), card_count=len(card_ids), actor_id=caller.actor_id,
        created_at=tx.now(),
    )  # fmt: skip


async def find(tx: Tx, store_id: str, change_id: str) -> BulkChange:
    """Return a change. Raises ``BulkChangeNotFound``."""
    row = await tx.one("bulk_change_find", store_id=store_id, id=change_id)
    if row is None:
        raise BulkChangeNotFound(change_id)
    return BulkChange.from_row(row)


async def find_whole(tx: Tx, store_id: str, change_id: str) -> tuple[BulkChange, list[str]]:
    """Return a change and the ids of its cards, in order. Raises ``BulkChangeNotFound``."""
    row = await tx.one("bulk_change_whole", store_id=store_id, id=change_id)
    if row is None:
        raise BulkChangeNotFound(change_id)
    return BulkChange.from_row(row[:-1]), str(row[-1]).split()


async def list_of(tx: Tx, store_id: str, rows: int) -> list[BulkChange]:
    """Return the store's newest changes."""
    found = await tx.all("bulk_changes_newest", store_id=store_id, rows=rows)
    return [BulkChange.from_row(row) for row in found]


async def start(tx: Tx, caller: Caller, change_id: str) -> BulkChange:
    """Say that a change is to be done; return it as it was before.

    Nothing changes if that was said already. Raises ``BulkChangeNotFound``.
    """
    change = await find(tx, caller.store_id, change_id)
    is_first = await tx.run(
        "bulk_change_start",
        store_id=caller.store_id, id=change_id, actor_id=caller.actor_id, now=tx.now(),
    )  # fmt: skip
    return change if is_first else await find(tx, caller.store_id, change_id)


async def unfinished(tx: Tx) -> list[tuple[str, str]]:
    """Return the stores and ids of changes that are being done, the oldest first."""
    rows = await tx.all("bulk_changes_unfinished", rows=PAGE)
    return [(store_id, change_id) for store_id, change_id in rows]


async def go_on(tx: Tx, change: BulkChange, first: int, card_ids: Sequence[str]) -> bool:
    """Change the cards behind the ``first`` ones and note what came of each.

    False says that another run has done them: then nothing is changed here.
    """
    where = {"store_id": change.store_id, "id": change.id}
    if not await tx.run("bulk_change_advance", **where, rows_done=first, rows=len(card_ids)):
        return False
    asked = change.asked
    outcomes = await many.act_on_each(tx, change.caller, card_ids, asked.action(), asked.matching)
    came = told(card_ids, outcomes, first)
    rows = [
        (change.store_id, change.id, word, each.number, each.card_id, each.problem)
        for word, found in came.items()
        for each in found
    ]
    await tx.many("bulk_change_card_add", rows)
    await tx.run("bulk_change_count", **where, **{word: len(came[word]) for word in OUTCOMES})
    if first + len(card_ids) == change.card_count:
        await tx.run("bulk_change_done", **where, now=tx.now())
    return True


async def told_of(tx: Tx, change: BulkChange, rows: int) -> Told:
    """Return up to ``rows`` cards of each outcome, in order."""
    return {
        word: [
            CardOutcome(*row)
            for row in await tx.all(
                "bulk_change_cards_with",
                store_id=change.store_id, change_id=change.id, outcome=word, rows=rows,
            )
        ]
        for word in OUTCOMES
    }  # fmt: skip


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` changes of a week ago that are not being done; return how many."""
    old = await tx.all("bulk_changes_old", until_at=tx.now() - KEPT_FOR, rows=rows)
    for store_id, change_id in old:
        await _forget(tx, store_id, change_id)
    return len(old)


async def forget_those(tx: Tx, store_id: str, is_meant: Callable[[str], bool]) -> int:
    """Delete the store's changes with terms that are meant; return how many.

    Not those that are being done.
    """
    found, after = 0, NIL_UUID
    while rows := await tx.all("bulk_changes_quiet", store_id=store_id, after=after, rows=PAGE):
        for after, terms in rows:
            if is_meant(terms):
                found += 1
                await _forget(tx, store_id, after)
    return found


async def _forget(tx: Tx, store_id: str, change_id: str) -> None:
    await tx.run("bulk_change_cards_forget", store_id=store_id, id=change_id)
    await tx.run("bulk_change_forget", store_id=store_id, id=change_id)
