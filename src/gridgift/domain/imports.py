"""Imports of files of grants: how far each has come, kept in the grants' own transactions.

So an import that broke off goes on where it stopped, and no row is granted twice.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from msgspec import Struct

from gridgift.domain import bulk, texts
from gridgift.domain.bulk import Outcome, Row, Skipped
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.import_failures import ImportFinished, ImportTaken
from gridgift.domain.model import Caller
from gridgift.storage.database import Tx

COLUMNS: Final = {"expires_at": "expiresAt"}  # fields that a file's column names differently


class Import(Struct, frozen=True):
    """How far the import of a file into a store has come; ``digest`` is the file's SHA-256.

    ``file`` is the name that the file had.
    """

    store_id: str
    digest: bytes
    rows_done: int = 0
    granted: int = 0
    skipped: int = 0
    refused: int = 0
    started_at: int = 0
    finished_at: int | None = None
    file: str = ""
    undone_at: int | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build it from the columns of the SQL fragment ``import``."""
        return cls(*row)


async def begin(tx: Tx, store_id: str, digest: bytes, *, again: bool, name: str = "") -> Import:
    """Note that a file's import begins, or find how far it came; ``name`` is the file's.

    One that was undone begins anew, and so does, with ``again``, a finished one. Raises
    ``ImportFinished`` without it.
    """
    file, now, shown = {"store_id": store_id, "digest": digest}, tx.now(), texts.legible(name)
    await tx.run("import_add", **file, file=shown, now=now)
    if await tx.run("import_again", **file, file=shown, now=now, again=again):
        await tx.run("refusals_forget", **file)
    found = await find(tx, store_id, digest)
    assert found is not None, "it was added if it was not there"
    if found.finished_at is not None:
        raise ImportFinished(found.granted)
    return found


async def find(tx: Tx, store_id: str, digest: bytes) -> Import | None:
    """Return how far a file's import has come, if it ever began."""
    row = await tx.one("import_find", store_id=store_id, digest=digest)
    return None if row is None else Import.from_row(row)


async def grant(
    tx: Tx,
    caller: Caller,
    begun: Import,
    rows: Sequence[Row],
    ids: Sequence[str],
    say: Callable[[Failure], str] | None = None,
    *,
    remember: bool = True,
    accept: bool = False,
) -> Import:
    """Grant the file's next rows and note it; return how far it is now.

    ``begun`` is how far it was; ``say`` says why a row is refused (None: as ``problem`` does);
    ``remember`` and ``accept`` as in ``bulk.grant``. Raises ``ImportTaken`` if it is not there any
    more: another run has done these rows.
    """
    file = {"store_id": begun.store_id, "digest": begun.digest}
    if not await tx.run("import_advance", **file, rows_done=begun.rows_done, rows=len(rows)):
        raise ImportTaken
    outcomes = await bulk.grant(tx, caller, rows, ids, remember=remember, accept=accept)
    refused = [
        (begun.store_id, begun.digest, begun.rows_done + number, (say or problem)(outcome))
        for number, outcome in enumerate(outcomes, 1)
        if isinstance(outcome, Failure)
    ]
    if refused:
        await tx.many("refusal_add", refused)
    granted = [
        (begun.store_id, begun.digest, outcome) for outcome in outcomes if isinstance(outcome, str)
    ]
    if granted:
        await tx.many("import_card_add", granted)
    counts = count(outcomes)
    await tx.run("import_count", **file, **counts)
    advanced = await find(tx, begun.store_id, begun.digest)
    assert advanced is not None
    return advanced


async def refusals(tx: Tx, begun: Import, after: int, rows: int) -> list[tuple[int, str]]:
    """Return the next refused rows of an import that are kept: number and problem, in order."""
    found = await tx.all(
        "refusals_after", store_id=begun.store_id, digest=begun.digest, number=after, rows=rows
    )
    return [(number, why) for number, why in found]


async def amount_of(tx: Tx, begun: Import) -> int:
    """Add up what was granted since the file's import began, in L$; the ledger has it."""
    row = await tx.one(
        "import_amount", store_id=begun.store_id, digest=begun.digest, begins_at=begun.started_at
    )
    assert row is not None
    amount: int = row[0]
    return amount


async def finish(
    tx: Tx, caller: Caller, begun: Import, bulk_id: str, amount: int, *, keep_refusals: bool = False
) -> None:
    """Note that the whole file is done, also as a bulk. Raises ``ImportTaken``.

    ``amount`` is that of ``amount_of`` (L$), read when all rows were done: of a large file that
    takes a while, which no other write is to wait for. Why rows were refused is forgotten, as it is
    reported by now, unless it is to be kept.
    """
    file = {"store_id": begun.store_id, "digest": begun.digest}
    if not await tx.run("import_finish", **file, rows_done=begun.rows_done, now=tx.now()):
        raise ImportTaken
    if not keep_refusals:
        await tx.run("refusals_forget", **file)
    counts = {"granted": begun.granted, "skipped": begun.skipped, "refused": begun.refused}
    await bulk.finish(tx, caller, bulk_id, counts, amount)


def count(outcomes: Sequence[Outcome | None]) -> dict[str, int]:
    """Count what was granted, skipped and refused."""
    refused = sum(isinstance(outcome, Failure) for outcome in outcomes)
    skipped = sum(isinstance(outcome, Skipped) for outcome in outcomes)
    granted = len(outcomes) - refused - skipped
    return {"granted": granted, "skipped": skipped, "refused": refused}


def problem(failure: Failure) -> str:
    """Return in one line why a row was refused, for the file's report."""
    if not isinstance(failure, ValidationFailed):
        return failure.detail
    return " ".join(
        f"{COLUMNS.get(field, field)}: {messages[0]}." for field, messages in failure.errors.items()
    )
