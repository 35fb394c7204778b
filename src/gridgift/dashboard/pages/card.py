"""One gift card: all there is of it, its life, and the forms on its page.

Each form is about the card as it was shown (``dashboard/editing.py``). So what is sent twice is
done once, and what somebody else has changed meanwhile is shown before anything is changed.
"""

from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import Meta

from gridgift.dashboard.acting import act
from gridgift.dashboard.editing import (
    CardForm,
    as_seen,
    fields_of,
    meanwhile,
    shown,
    switching,
)
from gridgift.dashboard.forms import EMPTY, Draft
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CARD, CARDS, SOON
from gridgift.dashboard.render import Flash, Undo, redirect, render
from gridgift.dashboard.timeline import moments, names_in
from gridgift.domain import giftcards, residents, whole_cards
from gridgift.domain.actions import About, Deed
from gridgift.domain.locked import CardRequest, Rule, change
from gridgift.domain.model import MAX_CREDIT, CardChange
from gridgift.domain.notes import noting
from gridgift.domain.whole_cards import WholeCard
from gridgift.fields import Note, Text
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx

CHANGED: Final = "The card has changed meanwhile, and nothing was saved. Look at it once more."


class Switch(CardForm, frozen=True, kw_only=True):
    """The form that switches a card on or off, and where to go afterwards."""

    to: Literal["on", "off"]
    back: str = CARDS


class Adjustment(CardForm, frozen=True, kw_only=True):
    """The form that adds to a card, or takes from it."""

    delta: Annotated[
        int,
        Meta(
            ge=-MAX_CREDIT,
            le=MAX_CREDIT,
            extra={"says": "must be a whole number of L$, with a minus to take"},
        ),
    ]
    reason: Text


class NewNote(CardForm, frozen=True, kw_only=True):
    """The form for a note."""

    text: Note


async def show_card(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show one card, and its life."""
    return await show(request, draft, "card.html")


async def show(
    request: OperatorRequest[Any, object], draft: Draft, template: str, **values: Any
) -> Reply[None]:
    """Show a page about a card as it is now, and what has happened since its form was shown."""
    whole, names = await request.operations.read(read_whole, request.store_id, CARD.of(request))
    card, zone = whole.card, request.principal.zone
    etag, life = giftcards.etag(card), moments(whole.entries, names, request.principal)
    now = before = fields_of(card, card.credit, zone)
    since = None
    if draft.values and draft.value("etag") != etag:
        since = meanwhile(draft.value("etag"), whole.entries, life, names, zone)
        before = now if since is None else since.before
        # the page has more to say than the failure, which is for programs
        draft = msgspec.structs.replace(draft, message="" if since else CHANGED)
    return render(
        request, template,
        card=card, whole=whole, etag=etag, moments=life, since=since, draft=draft, soon=SOON,
        errors=Draft(errors=draft.errors), shown=shown(now, before, draft),
        here=f"{CARDS}/{card.id}", **values,
    )  # fmt: skip


async def switch_card(request: OperatorRequest[None, Switch]) -> Reply[None]:
    """Switch a card on or off; undoing it is the same the other way round."""
    form = request.body
    changed = await change_card(
        request,
        "card_switched_on" if form.to == "on" else "card_switched_off",
        switching(form.to == "on", form.etag),
    )
    back = form.back if form.back.startswith(CARDS) else CARDS
    if changed.entry is None:
        return redirect(request, back, flash=Flash(f"The card is switched {form.to} already."))
    other = "off" if form.to == "on" else "on"
    fields = {"to": other, "back": back, "etag": giftcards.etag(changed.card)}
    undo = Undo(f"{CARDS}/{changed.card.id}/switch", fields)
    said = f"{changed.card.owner_username}'s card is switched {form.to}."
    return redirect(request, back, flash=Flash(said, undo=undo))


async def adjust_card(request: OperatorRequest[None, Adjustment]) -> Reply[None]:
    """Add to a card's credit, or take from it."""
    form = request.body
    rule = as_seen(giftcards.adjusting(form.delta, form.reason), form.etag)
    changed = await change_card(request, "card_adjusted", rule)
    return back_to(changed, request, f"The card has L$ {changed.card.credit:,} now.")


async def add_note(request: OperatorRequest[None, NewNote]) -> Reply[None]:
    """Write a note on a card."""
    rule = as_seen(noting(request.body.text), request.body.etag)
    changed = await change_card(request, "card_noted", rule)
    return back_to(changed, request, "The note is written.")


def back_to(changed: CardChange, request: OperatorRequest[None, Any], said: str) -> Reply[None]:
    """Lead to the card that was changed, with a word on it."""
    return redirect(request, f"{CARDS}/{changed.card.id}", flash=Flash(said))


async def change_card(
    request: OperatorRequest[None, Any], deed: Deed, rule: Rule[CardChange]
) -> CardChange:
    """Change the card that a form is about, and record it. Raises what the rule raises."""
    asked = CardRequest(request.caller, CARD.of(request), rule)
    return await act(request, deed, which, change, asked)


def which(changed: CardChange) -> About | None:
    """Name the card by its id: no record has residents' names."""
    return None if changed.entry is None else About(changed.card.id)


async def read_whole(tx: Tx, store_id: str, card_id: str) -> tuple[WholeCard, dict[str, str]]:
    """Return all there is of a card, and its owners' names. Raises ``GiftCardNotFound``."""
    whole = await whole_cards.read(tx, store_id, card_id)
    return whole, await residents.shown_names(tx, sorted(names_in(whole.entries)))


_CLERK: Final = Session("clerk")
_FORMS: Final = cast(
    "tuple[tuple[str, Any, Any], ...]",
    (
        ("switch", switch_card, Switch),
        ("adjust", adjust_card, Adjustment),
        ("note", add_note, NewNote),
    ),
)

PAGES: Final = (
    Page("GET", f"{CARDS}/{{id}}", _CLERK, show_card, path_parameters=(CARD,)),
    *(
        Page(
            "POST",
            f"{CARDS}/{{id}}/{name}",
            _CLERK,
            handler,
            body=body,
            path_parameters=(CARD,),
            again=show_card,
        )
        for name, handler, body in _FORMS
    ),
)
