"""What a search over a store's cards asks for, and the values that its statements have for it."""

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.naming import bounds
from gridgift.domain.notes import SHOWN
from gridgift.storage import letters
from gridgift.storage.database import Tx
from gridgift.storage.listing import FAR

MAX_OWNERS: Final = 100  # whose cards are gathered; of more, the walk is looked through


class Filters(Struct, frozen=True):
    """Which cards to find; all of it together. What is None, or has its default, keeps none out.

    ``owner_prefix`` begins a username, present or earlier, in its normal form. Sums are in L$,
    instants in milliseconds; what is ``from`` or ``to`` is included, ``expiring_before`` is not.
    Cards that never expire match neither bound of the expiry.
    ``source`` is an actor's kind, or ``reissue``; ``imported`` the digest of a file or of what else
    was sent as one, by whose last import they were granted. ``note`` is a text that one of a card's
    20 newest notes has, in any letter case; ``metadata`` a member's name, or ``name:value``. These
    are UNSET if left out: so cursors belong to the same filters as those of earlier programs.
    """

    owner_uuid: str | None = None
    owner_prefix: str | None = None
    active: bool | None = None
    redeemed: bool | None = None
    expired: bool | None = None
    expiring_from: int | None = None
    expiring_before: int | None = None
    credit_from: int = 0
    credit_to: int = MAX_CREDIT
    created_from: int = 0
    created_to: int = FAR
    source: str | None = None
    tag: str | None = None
    reference: str | None = None
    imported: bytes | None = None
    note: str | UnsetType = UNSET
    metadata: str | UnsetType = UNSET


NO_FILTERS: Final = Filters()


async def values_of(tx: Tx, store_id: str, filters: Filters) -> dict[str, Any]:
    """Return the values of the fragment ``matching``, and of what leads to cards."""
    owners, prefix = None, filters.owner_prefix
    if filters.owner_uuid is not None:
        owners, prefix = [filters.owner_uuid], None
    elif prefix is not None:
        owners = await _owners(tx, store_id, prefix)
        prefix = prefix if owners is None else None
    now = tx.now()
    end_from, end_to, endless = ends_of(filters, now)
    forms, theirs = letters.forms_of(filters.note or "")
    return {
        "store_id": store_id,
        "now": now,
        "active": filters.active,
        "redeemed": filters.redeemed,
        "end_from": end_from,
        "end_to": end_to,
        "endless": endless,
        "credit_from": filters.credit_from,
        "credit_to": filters.credit_to,
        "created_from": filters.created_from,
        "created_to": filters.created_to,
        "any_owner": owners is None,
        "owners": owners or [],
        "any_name": prefix is None,
        **bounds(prefix or ""),
        "any_tag": filters.tag is None,
        "tag": filters.tag or "",
        "any_source": filters.source is None,
        "source": filters.source or "",
        "any_import": filters.imported is None,
        "digest": filters.imported or b"",
        "any_note": filters.note is UNSET,
        "text": letters.without_case(filters.note or ""),
        "forms": forms,
        "letters": theirs,
        "newest": SHOWN,
        "any_member": filters.metadata is UNSET,
        "member": filters.metadata or "",
    }


def ends_of(filters: Filters, now: int) -> tuple[int, int, bool]:
    """Return from when to when cards end that can match, and whether those can that never do."""
    first = max(now + 1 if filters.expired is False else 0, filters.expiring_from or 0)
    last = now if filters.expired else FAR - 1
    if filters.expiring_before is not None:
        last = min(last, filters.expiring_before - 1)
    dated = filters.expiring_from is not None or filters.expiring_before is not None
    return first, last, not filters.expired and not dated


async def _owners(tx: Tx, store_id: str, prefix: str) -> list[str] | None:
    """Return the residents with a username that begins so; None if they are too many."""
    rows = await tx.all(
        "residents_by_prefix", store_id=store_id, **bounds(prefix), rows=MAX_OWNERS + 1
    )
    if len(rows) > MAX_OWNERS:
        return None
    return sorted({uuid for uuid, leads_here in rows if leads_here})
