"""Many grants in one transaction, set by set; each is the same as a single one (section 10).

Everything is checked before anything is inserted, so a row is granted or refused, and no insert
can fail.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain import giftcards, grants, residents, stores
from gridgift.domain.failures import Failure, ResidentNotFound, RowsRefused
from gridgift.domain.giftcards import Terms
from gridgift.domain.ledger import Opening
from gridgift.domain.model import Caller, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

MAX_ROWS: Final = 10_000  # in one transaction
SET: Final = 1_000  # cards that are made and inserted together


class Wish(Struct, frozen=True):
    """A row to grant: to whom, and what.

    ``username`` is the one that a row with a UUID gives its resident besides, to be remembered.
    """

    identifier: Identifier
    terms: Terms
    username: str | None = None


class Skipped(Struct, frozen=True):
    """A row that asks for no card: a customer who has none."""


Row = Wish | Skipped | Failure  # a failure: the row could not be read
Outcome = str | Skipped | Failure  # the id of the granted card, no card asked for, or why not


async def grant(
    tx: Tx,
    caller: Caller,
    rows: Sequence[Row],
    ids: Sequence[str],
    now: int,
    *,
    atomic: bool = False,
    remember: bool = False,
) -> list[Outcome]:
    """Grant what can be granted, in order, and answer row by row.

    ``ids`` has an id for each row, to be its card's. ``remember`` notes the usernames that rows
    give: only whoever runs the server may say who is called what. Raises ``RowsRefused`` if
    ``atomic`` and any row is refused; then nothing has changed.
    """
    assert len(rows) <= MAX_ROWS
    owners = await _owners(tx, rows, now, remember=remember)
    refused = [(n, owner) for n, owner in enumerate(owners, 1) if isinstance(owner, Failure)]
    if atomic and refused:
        raise RowsRefused(refused)
    store_id = caller.store_id
    lifetime = (await stores.read(tx, store_id)).card_lifetime
    openings = [
        Opening(
            caller,
            grants.fresh(store_id, card_id, owner, row.terms, lifetime, now),
            row.terms.reason,
        )
        for row, owner, card_id in zip(rows, owners, ids, strict=True)
        if isinstance(row, Wish) and isinstance(owner, Resident)
    ]
    for start in range(0, len(openings), SET):
        await grants.open_all(tx, store_id, openings[start : start + SET], now)
    return [
        card_id if isinstance(owner, Resident) else owner
        for owner, card_id in zip(owners, ids, strict=True)
    ]


async def check(
    tx: Tx, rows: Sequence[Row], now: int, *, remember: bool = False
) -> list[Outcome | None]:
    """Answer row by row what ``grant`` would refuse or skip (None: granted); change nothing."""
    owners = await _owners(tx, rows, now, remember=remember, dry=True)
    return [None if isinstance(owner, Resident) else owner for owner in owners]


async def _owners(
    tx: Tx, rows: Sequence[Row], now: int, *, remember: bool, dry: bool = False
) -> list[Resident | Skipped | Failure]:
    """Find each row's resident, or why it has none; ``remember`` those whom the rows name."""
    checked = [_checked(row, now) for row in rows]
    seen, wanted = [], []
    for row in checked:
        if isinstance(row, Wish):
            if remember and row.username is not None:
                seen.append(Resident(str(row.identifier), row.username))
            else:
                wanted.append(row.identifier)
    remembered = iter(await residents.remember_all(tx, seen, now, dry=dry))
    known = await residents.find_all(tx, wanted)
    return [_owner(row, known, remembered, remember) for row in checked]


def _checked(row: Row, now: int) -> Row:
    if isinstance(row, Wish):
        try:
            giftcards.check_terms(row.terms, now)
        except Failure as failure:
            return failure
    return row


def _owner(
    row: Row,
    known: dict[Identifier, Resident],
    remembered: Iterator[Resident | Failure],
    remember: bool,
) -> Resident | Skipped | Failure:
    if not isinstance(row, Wish):
        return row
    if remember and row.username is not None:
        return next(remembered)
    owner = known.get(row.identifier)
    return ResidentNotFound(str(row.identifier)) if owner is None else owner
