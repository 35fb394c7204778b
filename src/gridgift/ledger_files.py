"""A store's ledger entries, and the redemptions of its cards, as files (section 10)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from gridgift import spreadsheets
from gridgift.credit_views import credit_entry
from gridgift.domain import ledger, redemptions
from gridgift.domain.instants import format_instant
from gridgift.domain.model import Entry
from gridgift.domain.paging import Page, Position
from gridgift.domain.redemptions import Redeemed, Wanted
from gridgift.exports import Form, Read, csv, json_lines
from gridgift.fields import Instant, Uuid
from gridgift.spreadsheets import Value
from gridgift.storage.database import Tx
from gridgift.views import Actor, EntryResponse, camel

ENTRIES: Final = 1_000  # in memory at once
REDEMPTIONS: Final = 200

ENTRY_FIELDS: Final = (
    "created_at", "account_kind", "account_id", "seq", "kind", "delta", "balance_after",
    "actor_kind", "actor_id", "reason", "request_id", "hash",
    "state", "previous_hash",
)  # fmt: skip
REDEMPTION_FIELDS: Final = (
    "redeemed_at", "owner_uuid", "owner_username", "gift_card_id", "amount", "actor_kind",
    "actor_id", "store_credit", "left",
)  # fmt: skip


class AccountEntry(EntryResponse, frozen=True, rename="camel"):
    """A line of the ledger, with the account that it is of: a card, or a resident's credit."""

    account_kind: str
    account_id: Uuid

    @classmethod
    def of_account(cls, entry: Entry) -> "AccountEntry":
        """Show an entry with its account."""
        show = credit_entry if entry.account_kind == "credit" else EntryResponse.of
        shown = show(entry)
        fields = {name: getattr(shown, name) for name in EntryResponse.__struct_fields__}
        return cls(**fields, account_kind=entry.account_kind, account_id=entry.account_id)


class Redemption(Struct, frozen=True, rename="camel"):
    """A card that became store credit (L$).

    ``store_credit`` is all that its owner has now, ``left`` what is there of this card's.
    """

    gift_card_id: Uuid
    owner_uuid: Uuid
    owner_username: str
    amount: int
    redeemed_at: Instant
    actor: Actor
    store_credit: int
    left: int

    @classmethod
    def of(cls, found: Redeemed) -> "Redemption":
        """Show a redemption."""
        card = found.card
        return cls(
            card.id, card.owner_uuid, card.owner_username, found.amount, format_instant(found.at),
            Actor(found.actor_kind, found.actor_id), found.owner_credit, found.left,
        )  # fmt: skip


def entry_pages(store_id: str, begins_at: int, ends_at: int) -> Read[AccountEntry]:
    """Return what reads all entries of a time (milliseconds; its end is not in it)."""

    async def read(tx: Tx, at: Position) -> Page[AccountEntry]:
        page = await ledger.list_between(tx, store_id, begins_at, ends_at, at, ENTRIES)
        return page.map(AccountEntry.of_account)

    return read


def redemption_pages(store_id: str, wanted: Wanted) -> Read[Redemption]:
    """Return what reads all redemptions that are wanted."""

    async def read(tx: Tx, at: Position) -> Page[Redemption]:
        page = await redemptions.list_of(tx, store_id, wanted, at, REDEMPTIONS)
        return page.map(Redemption.of)

    return read


async def nothing(_: Tx, __: Position) -> Page[Any]:
    """Read a list that has no rows."""
    return Page([], None, None)


def _cells(row: AccountEntry | Redemption, fields: Iterable[str]) -> list[Value]:
    texts = {"actor_kind": row.actor.kind, "actor_id": row.actor.id}
    if isinstance(row, AccountEntry):
        texts["state"] = spreadsheets.json_of(row.state)
    return [texts[name] if name in texts else getattr(row, name) for name in fields]


def _csv(name: str, fields: Sequence[str]) -> Form[Any]:
    return csv(
        name,
        lambda: spreadsheets.heading(map(camel, fields)),
        lambda rows: spreadsheets.lines(_cells(row, fields) for row in rows),
    )


ENTRY_FORMS: Final = (_csv("entries", ENTRY_FIELDS), json_lines("entries"))
REDEMPTION_FORMS: Final = (_csv("redemptions", REDEMPTION_FIELDS), json_lines("redemptions"))
