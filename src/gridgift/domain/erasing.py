"""Erasing what is known of a resident: names go; cards, credit and ledger stay (decision 40).

The ledger knows residents by their avatars' UUIDs alone, so no hash covers a name that this program
wrote. Whoever has no name is shown under the UUID: that is what stands in an erased name's place.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from gridgift.domain import (
    bulk_changes,
    naming,
    refunds,
    saved_views,
    sendings,
    stores,
    tokens,
    units,
)
from gridgift.domain.instants import HOUR
from gridgift.domain.ledger import read_card_state, read_credit_state
from gridgift.domain.model import NIL_UUID, AccountKind, Labels, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Row, TransactionConflict, Tx

PAGE: Final = 1_000  # rows that are looked at in one transaction
CLOCKS_DIFFER: Final = HOUR  # at most, between the servers that share a database

Redact = Callable[[bytes], bytes]  # replaces the names in an answer, which is opaque here


class Names(Struct, frozen=True):
    """All usernames of one resident, and the UUID that takes their place."""

    resident: Resident
    usernames: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tell whether a text has one of them as a word: as ``first.last`` or ``First Last``."""
        return bool(self.usernames) and self._words().search(text) is not None

    def taken_out_of(self, text: str) -> str:
        """Return a text with the UUID in the place of each of them."""
        return self._words().sub(self.resident.uuid, text) if self.usernames else text

    def _words(self) -> re.Pattern[str]:
        one_of = "|".join(re.escape(name).replace(r"\.", "[. ]") for name in self.usernames)
        return re.compile(
            rf"(?<![a-z0-9])(?<![a-z0-9]\.)(?:{one_of})(?!\.?[a-z0-9])", re.ASCII | re.IGNORECASE
        )


class Mark(Struct, frozen=True):
    """Up to where answers were looked through: an instant (milliseconds), a store and a key."""

    at: int = 0
    store_id: str = NIL_UUID
    key: str = ""


class NamesChanged(Exception):
    """Another name was noted since the names were read: read them again."""


class Swept(Struct, frozen=True):
    """In how many answers of a page a name stood, and the mark behind it (None: the last)."""

    found: int
    next: Mark | None


class Erased(Struct, frozen=True):
    """What was erased: names, links that ended, and texts of each kind in which a name stood."""

    usernames: tuple[str, ...]
    links: int
    answers: int
    refusals: int
    responses: int = 0


class Texts(Struct, frozen=True):
    """Texts that no hash covers: the statements that read and write them, and the first place.

    A place has the keys of a row within its store.
    """

    read: str
    write: str
    first: Mapping[str, Any]


REFUSALS: Final = Texts("refusals_in_order", "refusal_redact", {"digest": b"", "number": 0})
RESPONSES: Final = Texts(
    "responses_in_order", "response_redact",
    {"webhook_id": NIL_UUID, "delivery_id": NIL_UUID, "number": 0},
)  # fmt: skip


class Mention(Struct, frozen=True):
    """A ledger entry in which somebody wrote one of the names; its hash covers that text."""

    store_id: str
    account_kind: AccountKind
    account_id: str
    seq: int


async def names_of(tx: Tx, identifier: Identifier) -> Names:
    """Return all names of a resident. Raises ``ResidentNotFound``."""
    resident, names = await naming.names_of(tx, identifier)
    return Names(resident, tuple(name.username for name in names))


async def erase(tx: Tx, names: Names, redact: Redact, since: Mark) -> Erased:
    """Erase these names, end the resident's links at every store, and look through answers.

    Answers from ``since`` on, and the refused rows of unfinished imports. Raises ``NamesChanged``,
    and ``TransactionConflict`` if somebody is at work with the resident.
    """
    uuid = names.resident.uuid
    if await tx.one("resident_claim", uuid=uuid) is None:
        raise TransactionConflict
    resident, present = await naming.names_of(tx, Identifier(uuid=uuid))
    if {each.username for each in present} - {*names.usernames}:
        raise NamesChanged
    links = 0
    for store in await stores.list_all(tx):
        links += await tokens.revoke(tx, store.id, resident)
        await tx.run("store_names_forget", store_id=store.id, usernames=[*names.usernames])
        await tx.run("questions_named", store_id=store.id, usernames=[*names.usernames])
        await units.invite_by_uuid(tx, store.id, names.usernames, uuid)
        await sendings.forget_those(tx, store.id, names.are_in)
        await bulk_changes.forget_those(tx, store.id, names.are_in)
        await refunds.rewrite_notes(tx, store.id, names.taken_out_of)
        await saved_views.forget_those(tx, store.id, names.are_in)
    await tx.run("resident_names_forget", uuid=uuid)
    shown = {"username": resident.username, "holder_uuid": uuid}
    await tx.run("resident_rename", **shown, now=tx.now())
    answers, refusals = 0, await sweep(tx, names, REFUSALS)
    place: Mark | None = since
    while place is not None:
        swept = await sweep_answers(tx, redact, place)
        answers, place = answers + swept.found, swept.next
    return Erased(names.usernames, links, answers, refusals)


async def begun(tx: Tx) -> Mark:
    """Return the mark behind which all answers are that any server stores from now on."""
    return Mark(max(0, tx.now() - CLOCKS_DIFFER))


async def at_work(tx: Tx) -> frozenset[object]:
    """Return the transactions that may be about to store an answer with a name that they read."""
    return frozenset(row[0] for row in await tx.all("answers_at_work"))


async def sweep_answers(tx: Tx, redact: Redact, mark: Mark, *, dry: bool = False) -> Swept:
    """Take names out of a page of stored answers; ``dry`` counts them only."""
    rows = await tx.all(
        "answers_by_age", after_at=mark.at, after=mark.store_id, key=mark.key, rows=PAGE
    )
    changed = [
        (without, store_id, key, at)
        for at, store_id, key, answer in rows
        if (without := redact(answer)) != answer
    ]
    if changed and not dry:
        await tx.many("answer_redact", changed)
    return Swept(len(changed), Mark(*rows[-1][:3]) if len(rows) == PAGE else None)


async def sweep(tx: Tx, names: Names, texts: Texts, *, dry: bool = False) -> int:
    """Take names out of all texts of a kind; return out of how many. ``dry`` counts them only."""
    found = 0
    for store in await stores.list_all(tx):
        place: Row | None = tuple(texts.first.values())
        while place is not None:
            place, swept = await sweep_page(tx, names, texts, store.id, place, dry=dry)
            found += swept
    return found


async def sweep_page(
    tx: Tx, names: Names, texts: Texts, store_id: str, place: Row, *, dry: bool = False
) -> tuple[Row | None, int]:
    """Sweep a page of a store's; return the place behind it (None: it was the last)."""
    values = dict(zip(texts.first, place, strict=True))
    rows = await tx.all(texts.read, store_id=store_id, rows=PAGE, **values)
    changed = [
        (names.taken_out_of(text), store_id, *keys) for *keys, text in rows if names.are_in(text)
    ]
    if changed and not dry:
        await tx.many(texts.write, changed)
    return (rows[-1][:-1] if len(rows) == PAGE else None), len(changed)


async def mentions(tx: Tx, names: Names) -> list[Mention]:
    """Return the entries of all stores in whose texts one of the names stands."""
    found: list[Mention] = []
    for store in await stores.list_all(tx):
        kind, account_id, seq = "", NIL_UUID, 0
        while True:
            rows = await tx.all(
                "entries_written", store_id=store.id, account_kind=kind, account_id=account_id,
                seq=seq, rows=PAGE,
            )  # fmt: skip
            found += [Mention(store.id, *row[:3]) for row in rows if _mentions(names, row)]
            if len(rows) < PAGE:
                break
            kind, account_id, seq = rows[-1][:3]
    return found


def _mentions(names: Names, row: Row) -> bool:
    kind, _, _, reason, state = row
    return names.are_in(reason) or (
        names.are_in(state) and any(names.are_in(text) for text in _written(kind, state))
    )


def _written(kind: AccountKind, state: str) -> Iterator[str]:
    """Yield the texts that somebody wrote into an entry's state; the rest are words of its own."""
    try:
        if kind == "credit":
            yield read_credit_state(state).reference
        else:
            yield from _said(read_card_state(state).labels or Labels())
    except msgspec.DecodeError:
        yield state  # whatever it is, verify finds it


def _said(labels: Labels) -> Iterable[str]:
    return labels.reference or "", *labels.tags, *labels.metadata, *labels.metadata.values()
