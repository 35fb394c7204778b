"""Many grants in one transaction; each is the same as a single one (contract section 10)."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain import events, giftcards, grants, residents
from gridgift.domain.failures import Failure, ResidentNotFound, RowsRefused, UsernameTaken
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import Checked, Found, GrantRequest
from gridgift.domain.model import Caller, Resident
from gridgift.domain.references import Repeat
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

MAX_ROWS: Final = 10_000  # in one transaction


class GrantRow(Struct, frozen=True):
    """A row that asks for a card: for which resident, with which terms.

    ``username`` is set where the row gives a UUID and a username: the UUID names the resident, and
    the username is the resident's present one.
    """

    identifier: Identifier
    terms: Terms
    username: str | None = None

    def seen(self, *, accept: bool) -> Resident | None:
        """Return who the resident is; ``accept``: the UUID alone says it."""
        return residents.seen_as(self.identifier, self.username, accept=accept)


class Skipped(Struct, frozen=True):
    """A row that grants nothing: of a customer who has no card, or granted before (``card_id``)."""

    card_id: str | None = None


Row = GrantRow | Skipped | Failure  # a failure: the row could not be read
Outcome = str | Skipped | Failure  # the id of the granted card, nothing to grant, or why not
Owner = Found | Skipped  # who is to have the card of a row, or why nobody


async def grant(
    tx: Tx,
    caller: Caller,
    rows: Sequence[Row],
    ids: Sequence[str],
    *,
    atomic: bool = False,
    remember: bool = False,
    accept: bool = False,
) -> list[Outcome]:
    """Grant what can be granted, in order, and return the outcome of each row.

    ``ids`` has for each row the id that its card shall have. ``remember`` notes the usernames that
    rows give, which only the server's operator may do; otherwise those of unknown residents are
    noted for this store. ``accept`` takes unknown UUIDs without a username. Raises
    ``RowsRefused`` if ``atomic`` and any row is refused; then nothing has changed.
    """
    assert len(rows) <= MAX_ROWS
    now = tx.now()
    owners = await _find_owners(tx, caller.store_id, rows, now, remember=remember, accept=accept)
    refused = [(n, owner) for n, owner in enumerate(owners, 1) if isinstance(owner, Failure)]
    if atomic and refused:
        raise RowsRefused(refused)
    requests = [
        GrantRequest(caller, row.identifier, row.terms, card_id)
        for row, owner, card_id in zip(rows, owners, ids, strict=True)
        if isinstance(row, GrantRow) and isinstance(owner, Resident)
    ]
    found = Checked(now, [owner for owner in owners if isinstance(owner, Resident)])
    await grants.grant_each(tx, caller.store_id, requests, found)
    granted = {request.terms.labels.reference: request.card_id for request in requests}
    return [
        card_id if isinstance(owner, Resident) else _outcome(owner, granted)
        for owner, card_id in zip(owners, ids, strict=True)
    ]


async def finish(
    tx: Tx, caller: Caller, bulk_id: str, counts: Mapping[str, int], amount: int
) -> None:
    """Note that all rows of a bulk are done: how many were granted, skipped and refused.

    ``amount`` is how much was granted, in L$.
    """
    after = {**counts, "amount": amount}
    await events.note(tx, caller, events.BULK_FINISHED, "bulk", bulk_id, None, after)


def amount_of(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> int:
    """Add up what rows were granted, in L$."""
    return sum(
        row.terms.credit
        for row, outcome in zip(rows, outcomes, strict=True)
        if isinstance(row, GrantRow) and isinstance(outcome, str)
    )


async def check(
    tx: Tx, store_id: str, rows: Sequence[Row], *, remember: bool = True, accept: bool = False
) -> list[Outcome | None]:
    """Return for each row what ``grant`` would refuse or skip (None: granted); change nothing."""
    owners = await _find_owners(tx, store_id, rows, tx.now(), remember=remember, dry=True)
    if accept or not remember:
        owners = await _as_if_noted(tx, rows, owners, accept=accept)
    return [None if isinstance(owner, Resident) else _outcome(owner, {}) for owner in owners]


def _outcome(
    owner: Repeat | Skipped | Failure, granted: Mapping[str | None, str]
) -> Skipped | Failure:
    """Return what came of a row for which nothing is granted; ``granted`` has ids by reference."""
    if isinstance(owner, Repeat):
        return Skipped(owner.card_id or granted.get(owner.reference))
    return owner


async def _find_owners(
    tx: Tx,
    store_id: str,
    rows: Sequence[Row],
    now: int,
    *,
    remember: bool,
    accept: bool = False,
    dry: bool = False,
) -> list[Owner]:
    """Return each row's resident, or why it has none.

    ``remember`` notes the usernames that rows give (``dry``: as if it did); otherwise those of
    unknown residents are noted for the store. ``accept`` takes those without any.
    """
    asked = [row for row in rows if isinstance(row, GrantRow)]
    noted = await _note_usernames(tx, asked, now, dry=dry) if remember else {}
    known = {
        asked[number].identifier: resident
        for number, resident in noted.items()
        if isinstance(resident, Resident)
    }
    seen = [
        None if dry or (remember and row.username) else row.seen(accept=accept) for row in asked
    ]
    checked = await grants.check_each(tx, store_id, asked, now, known, seen)
    taken = {number: each for number, each in noted.items() if isinstance(each, UsernameTaken)}
    found = iter([taken.get(number, owner) for number, owner in enumerate(checked.owners)])
    return [next(found) if isinstance(row, GrantRow) else row for row in rows]


async def _as_if_noted(
    tx: Tx, rows: Sequence[Row], owners: Sequence[Owner], *, accept: bool
) -> list[Owner]:
    """Put those whom rows say by UUID, with a username or ``accept``, in place of unknown ones."""
    seen = {
        number: resident
        for number, (row, owner) in enumerate(zip(rows, owners, strict=True))
        if isinstance(owner, ResidentNotFound)
        and isinstance(row, GrantRow)
        and (resident := row.seen(accept=accept)) is not None
    }
    holders = await residents.holders_of(tx, [each.username for each in seen.values()])
    found = list(owners)
    for number, resident in seen.items():
        holder = holders.get(resident.username)
        found[number] = resident
        if holder is not None and holder.uuid != resident.uuid:
            found[number] = UsernameTaken(resident.username, holder.uuid)
    return found


async def _note_usernames(
    tx: Tx, rows: Sequence[GrantRow], now: int, *, dry: bool
) -> dict[int, Resident | UsernameTaken]:
    """Note the usernames that acceptable rows give; return the outcomes by place in ``rows``."""
    seen = {
        number: Resident(str(row.identifier), row.username)
        for number, row in enumerate(rows)
        if row.username is not None and giftcards.are_acceptable(row.terms, now)
    }
    outcomes = await residents.remember_all(tx, list(seen.values()), dry=dry)
    return dict(zip(seen, outcomes, strict=True))
