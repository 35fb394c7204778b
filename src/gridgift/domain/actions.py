"""What the people of a store did: who, what, when and from where.

What changes cards or credit is in the ledger too; this is also of what is not: keys, webhooks, the
team, settings, sign-ins. A record is written in the transaction of what it tells.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Final, Literal

from msgspec import Struct

from gridgift.domain import texts
from gridgift.domain.instants import DAY
from gridgift.domain.paging import Page, Position, read_page
from gridgift.storage.database import P, T, Tx
from gridgift.storage.listing import ACTIONS_OF_STORE

KEPT_FOR: Final = 365 * DAY
MAX_ABOUT: Final = 200  # characters
MAX_BROWSER: Final = 200  # of what a browser calls itself

KEY_TYPES: Final = ACTIONS_OF_STORE.types()

Deed = Literal[
    "signed_in", "signed_in_by_link", "signed_in_by_recovery_code", "password_set",
    "second_factor_set_up", "second_factor_ended", "second_factor_taken_off",
    "recovery_codes_made", "signed_out", "browser_signed_out", "signed_out_elsewhere",
    "key_made", "key_replaced", "key_revoked",
    "webhook_made", "webhook_changed", "webhook_paused", "webhook_resumed",
    "webhook_secret_changed", "webhook_tested", "webhook_deleted", "delivery_repeated",
    "unit_made", "unit_changed", "unit_paused", "unit_resumed", "unit_code_made",
    "unit_round_begun", "unit_revoked", "refund_paid",
    "member_added", "member_link_made", "member_made_owner", "member_made_clerk",
    "member_dismissed", "member_signed_out",
    "settings_changed",
    "card_switched_on", "card_switched_off", "card_adjusted", "card_noted", "cards_sent",
    "cards_changed", "cards_change_stopped",
    "resident_link_made",
    "shell",  # a command, which ``about`` names
    "card_changed", "card_passed_on", "card_replaced", "card_labelled", "card_extended",
    "card_hold_released", "card_hold_taken",
]  # fmt: skip


class Who(Struct, frozen=True):
    """Somebody at a store, and where they are: an address, and what the browser calls itself.

    ``action_id`` is a new id for the record of what they do.
    """

    store_id: str
    action_id: str
    operator: str
    address: str
    browser: str


class About(Struct, frozen=True):
    """What something was done to: its id, and what people call it."""

    id: str = ""
    text: str = ""


class Action(Struct, frozen=True):
    """What was done; ``at`` is in milliseconds."""

    store_id: str
    id: str
    at: int
    operator: str
    deed: Deed
    subject_id: str
    about: str
    address: str
    browser: str


async def note(tx: Tx, who: Who, deed: Deed, about: About) -> None:
    """Record what somebody does in this transaction."""
    await tx.run(
        "action_add",
        store_id=who.store_id, id=who.action_id, now=tx.now(), operator=who.operator, deed=deed,
        subject_id=about.id, about=texts.kept(about.text, MAX_ABOUT),
        address=who.address, browser=texts.kept(who.browser, MAX_BROWSER),
    )  # fmt: skip


def noting(
    who: Who,
    deed: Deed,
    about: Callable[[T], About | None],
    operation: Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]]:
    """Return an operation that records itself; ``about`` says of its result what it was done to.

    None says that nothing was done.
    """

    async def run(tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result = await operation(tx, *args, **kwargs)
        done_to = about(result)
        if done_to is not None:
            await note(tx, who, deed, done_to)
        return result

    return run


async def list_of(tx: Tx, store_id: str, position: Position, limit: int) -> Page[Action]:
    """Return a page of at most ``limit`` of what was done at a store, newest first."""
    return await read_page(
        tx, ACTIONS_OF_STORE, position, limit, Action, lambda action: (action.id,),
        descending=True, store_id=store_id,
    )  # fmt: skip


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` records that are too old; return how many."""
    old = await tx.all("actions_old", before=tx.now() - KEPT_FOR, rows=rows)
    await tx.many("action_forget", [tuple(row) for row in old])
    return len(old)
