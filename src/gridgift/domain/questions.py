"""Questions for a store's directory: who has a name, and what an avatar is called (contract 9.23).

A directory is an object in Second Life, and a store's. So what it answers is noted as what the
store's keys say (decision 35), and a question is answered by its own store's directory alone. One
that it knows nothing about stays for a while, so that it is not asked again.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain import naming, residents
from gridgift.domain.failures import IdentifierMalformed, ResidentNotFound
from gridgift.domain.ids import parse_uuid
from gridgift.domain.instants import DAY, SECOND
from gridgift.domain.model import NIL_UUID, Resident
from gridgift.domain.residents import Identifier, parse_username
from gridgift.domain.unit_failures import UnitPaused
from gridgift.domain.units import Unit
from gridgift.storage.database import Tx

ROUND: Final = 10  # questions of one round
AGAIN_AFTER: Final = 10 * SECOND  # a question whose answer was lost is asked again
MISSED_FOR: Final = 600 * SECOND  # an unknown name is not asked for again
KEPT_FOR: Final = DAY  # a question that no directory answers
FORGOTTEN: Final = 100  # at once, of those that are too old
ID_BYTES: Final = 5


class Question(Struct, frozen=True):
    """Which (normalised) username, or avatar UUID, a store wants to know more about."""

    id: str
    wanted: str


class Answer(Struct, frozen=True):
    """What an object has found out: the UUID or the username is empty if there is none."""

    question: str
    uuid: str
    username: str


async def check(tx: Tx, store_id: str, wanted: str) -> None:
    """Raise ``ResidentNotFound`` if nobody can be asked, or the directory has said so lately."""
    (outcome,) = await outcomes(tx, store_id, [wanted])
    if isinstance(outcome, ResidentNotFound):
        raise outcome
    if await tx.one("directory_of_store", store_id=store_id) is None:
        raise ResidentNotFound(wanted)


async def ask(tx: Tx, store_id: str, wanted: str, question_id: str) -> None:
    """Put a question, unless it is there already; ``question_id`` is ``ID_BYTES`` in hex.

    What nobody wants to know any more is deleted.
    """
    now = tx.now()
    old = await tx.all("questions_old", store_id=store_id, now=now, rows=FORGOTTEN)
    if old:
        await tx.many("question_end", sorted((store_id, row[0]) for row in old))
    question = {"store_id": store_id, "wanted": wanted, "id": question_id}
    await tx.run("question_add", **question, until_at=now + KEPT_FOR)


async def outcomes(tx: Tx, store_id: str, wanted: Sequence[str]) -> list[bool | ResidentNotFound]:
    """Tell of each question whether it waits (False: it was answered), or that nobody is it."""
    rows = await tx.all("questions_among", store_id=store_id, names=wanted, now=tx.now())
    missed = {name: bool(is_missed) for name, is_missed in rows}
    return [ResidentNotFound(each) if missed.get(each) else each in missed for each in wanted]


async def take_round(tx: Tx, unit: Unit, answers: Sequence[Answer]) -> list[Question]:
    """Note what a directory has found out, and return what it is asked next, at most ``ROUND``.

    Answers to what nobody asked are passed over. Raises ``UnitPaused``.
    """
    if unit.settings.paused:
        raise UnitPaused
    ids = sorted({answer.question for answer in answers})
    rows = await tx.all("questions_by_id", store_id=unit.store_id, ids=ids) if ids else ()
    asked = {row[0]: row[1] for row in rows}
    for answer in answers:
        if answer.question in asked:
            await _note(tx, unit.store_id, asked[answer.question], answer)
    return await _next_round(tx, unit.store_id)


async def _next_round(tx: Tx, store_id: str) -> list[Question]:
    now = tx.now()
    place = {"store_id": store_id, "handed_before": now - AGAIN_AFTER}
    rows = await tx.all("questions_open", **place, rows=ROUND)
    if rows:
        handed = [(now, store_id, wanted) for _, wanted in sorted(rows, key=lambda row: row[1])]
        await tx.many("question_hand", handed)
    return [Question(*row) for row in rows]


async def _note(tx: Tx, store_id: str, wanted: str, answer: Answer) -> None:
    """Note who was found, and end the question; or that nobody was."""
    for resident in _found(wanted, answer):
        await naming.note_touch(tx, store_id, resident)
    try:
        await residents.find(tx, store_id, _identifier(wanted))
    except ResidentNotFound:
        until = tx.now() + MISSED_FOR
        await tx.run("question_miss", store_id=store_id, wanted=wanted, until_at=until)
    else:
        await tx.run("question_end", store_id=store_id, wanted=wanted)


def _found(wanted: str, answer: Answer) -> list[Resident]:
    """Return who was seen: first with the name that was asked for, then with the present one."""
    asked = _identifier(wanted)
    uuid = asked.uuid or parse_uuid(answer.uuid) or NIL_UUID
    names = [asked.username, _username(answer.username)]
    if uuid == NIL_UUID:
        return []
    return [Resident(uuid, name) for name in dict.fromkeys(names) if name is not None]


def _identifier(wanted: str) -> Identifier:
    uuid = parse_uuid(wanted)
    return Identifier(username=wanted) if uuid is None else Identifier(uuid=uuid)


def _username(text: str) -> str | None:
    try:
        return parse_username(text)
    except IdentifierMalformed:
        return None
