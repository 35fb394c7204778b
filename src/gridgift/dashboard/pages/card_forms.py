"""A card's forms that have a page each: it is edited, passed on, replaced."""

from typing import Annotated, Any, Final, cast

from msgspec import Meta

from gridgift.dashboard.acting import act
from gridgift.dashboard.editing import CardForm, editing
from gridgift.dashboard.forms import EMPTY, Draft
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.card import show, which
from gridgift.dashboard.pages.cards import CARD, CARDS, Day
from gridgift.dashboard.render import Flash, redirect
from gridgift.domain import transfers
from gridgift.domain.actions import About
from gridgift.domain.failures import IdentifierMalformed
from gridgift.domain.ids import new_id, texture_of
from gridgift.domain.locked import CardRequest, change
from gridgift.domain.residents import parse_identifier
from gridgift.domain.transfers import Reissue
from gridgift.fields import Credit, Text, Uuid
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session


class Edit(CardForm, frozen=True, kw_only=True):
    """The form: all of it is set. A card ends with its last day, in the store's time zone."""

    credit: Credit
    expires_at: Day | None = None
    texture: Uuid | None = None
    transfer: bool = False
    active: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """What is wanted, as the texts that the page shows of a card."""
        return {
            "credit": str(self.credit),
            "expires_at": self.expires_at or "",
            "texture": texture_of(self.texture) or "",
            "transfer": "true" if self.transfer else "",
            "active": "true" if self.active else "",
        }


def _is_identifier(text: str) -> str | None:
    try:
        parse_identifier(text)
    except IdentifierMalformed:
        return None
    return text


Receiver = Annotated[
    str,
    Meta(
        extra={
            "says": "must be a username, such as kelly.moonwall, or an avatar's UUID",
            "parse": _is_identifier,
        }
    ),
]


class PassOn(CardForm, frozen=True, kw_only=True):
    """The form that gives the card to another resident."""

    receiver: Receiver
    reason: Text | None = None


class Replace(CardForm, frozen=True, kw_only=True):
    """The form that puts a new card in the place of a lost one."""

    reason: Text


async def show_edit(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show the card's fields."""
    return await show(request, draft, "card_edit.html")


async def show_pass_on(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Ask who is to have the card."""
    return await show(request, draft, "card_pass_on.html")


async def show_replace(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Ask why the card is replaced."""
    return await show(request, draft, "card_replace.html")


async def edit_card(request: OperatorRequest[None, Edit]) -> Reply[None]:
    """Set the card's fields."""
    form, card_id = request.body, CARD.of(request)
    rule = editing(form.fields, form.etag, request.principal.zone)
    changed = await act(
        request, "card_changed", which, change, CardRequest(request.caller, card_id, rule)
    )
    said = "The card was so already." if changed.entry is None else "The card is changed."
    return redirect(request, f"{CARDS}/{card_id}", flash=Flash(said))


async def pass_on(request: OperatorRequest[None, PassOn]) -> Reply[None]:
    """Give the card to another resident."""
    form, card_id = request.body, CARD.of(request)
    changed = await act(
        request, "card_passed_on", which, transfers.transfer,
        request.caller, None, card_id, parse_identifier(form.receiver), form.reason or "",
        frozenset({form.etag}),
    )  # fmt: skip
    said = f"{changed.card.owner_username} has the card now."
    return redirect(request, f"{CARDS}/{card_id}", flash=Flash(said))


async def replace_card(request: OperatorRequest[None, Replace]) -> Reply[None]:
    """Put a new card in the place of the lost one, and show it."""
    form = request.body
    done = await act(
        request, "card_replaced", _replaced, transfers.reissue,
        request.caller, CARD.of(request), new_id(), form.reason, frozenset({form.etag}),
    )  # fmt: skip
    said = "This card is in the place of the lost one, which is worth nothing now."
    return redirect(request, f"{CARDS}/{done.new.card.id}", flash=Flash(said))


def _replaced(done: Reissue) -> About:
    return About(done.old.card.id)


_CLERK: Final = Session("clerk")
_FORMS: Final = cast(
    "tuple[tuple[str, Any, Any, Any], ...]",
    (
        ("edit", show_edit, edit_card, Edit),
        ("pass-on", show_pass_on, pass_on, PassOn),
        ("replace", show_replace, replace_card, Replace),
    ),
)

PAGES: Final = (
    *(
        Page("GET", f"{CARDS}/{{id}}/{name}", _CLERK, show, path_parameters=(CARD,))
        for name, show, _, _ in _FORMS
    ),
    *(
        Page(
            "POST",
            f"{CARDS}/{{id}}/{name}",
            _CLERK,
            send,
            body=body,
            path_parameters=(CARD,),
            again=show,
        )
        for name, show, send, body in _FORMS
    ),
)
