"""One gift card: all there is of it, its life, and the forms on its page.

Each form is about the card as it was shown (``dashboard/editing.py``). So what is sent twice is
done once, and what somebody else has changed meanwhile is shown before anything is changed.
"""

from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import UNSET, Meta

from gridgift.dashboard import filters
from gridgift.dashboard.acting import act
from gridgift.dashboard.actors import names_of
from gridgift.dashboard.editing import (
    CardForm,
    as_seen,
    fields_of,
    later_days,
    meanwhile,
    shown,
    switching,
)
from gridgift.dashboard.forms import EMPTY, Draft
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CARD, CARDS, SOON, Day
from gridgift.dashboard.render import Flash, Undo, own_page, redirect, render
from gridgift.dashboard.timeline import moments, names_in, reserved
from gridgift.domain import giftcards, labels, many, notes, residents, whole_cards
from gridgift.domain.actions import About, Deed
from gridgift.domain.days import end_of, parse_day
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.locked import CardRequest, Rule, change
from gridgift.domain.model import MAX_CREDIT, CardChange, Labels
from gridgift.domain.notes import Labelled
from gridgift.domain.whole_cards import WholeCard
from gridgift.fields import Note, Reference, Text
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx


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


def tags_of(text: str) -> tuple[str, ...] | None:
    """Read tags with commas between them; None: too many, or one of them can't be a tag."""
    named = labels.checked_tags([tag for part in text.split(",") if (tag := part.strip())])
    return None if named is None else Labels.of(None, named, {}).tags


class Labelling(CardForm, frozen=True, kw_only=True):
    """The form for a card's tags, all of them, and for its reference, if it has none yet."""

    tags: Annotated[str, Meta(extra={"says": labels.TAGS_WANTED, "parse": tags_of})] = ""
    reference: Reference | None = None


class Extension(CardForm, frozen=True, kw_only=True):
    """The form that lets a card end later: with its last day, in the store's time zone."""

    expires_at: Day

    def ends(self, zone: str) -> int:
        """Return when the card is to end, in milliseconds."""
        day = parse_day(self.expires_at)
        assert day is not None, "it was checked when the form was decoded"
        return end_of(day, zone)


async def show_card(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show one card, and its life."""
    return await show(request, draft, "card.html")


async def show(request: OperatorRequest[Any, object], draft: Draft, template: str) -> Reply[None]:
    """Show a page about a card as it is now, and what has happened since its form was shown."""
    whole, names = await request.operations.read(read_whole, request.store_id, CARD.of(request))
    who, card, zone = request.principal, whole.card, request.principal.zone
    etag = giftcards.etag(card)
    life = moments(whole.entries, names, who, request.received_at)
    now = before = fields_of(card, card.credit, zone, whole.labels)
    since = None
    if draft.values and draft.value("etag") != etag:
        since = meanwhile(draft.value("etag"), whole.entries, life, names, zone)
    if since is not None:
        before = since.before
        draft = msgspec.structs.replace(draft, message="")  # the page has more to say
    return render(
        request, template,
        card=card, whole=whole, etag=etag, moments=life, since=since, draft=draft, soon=SOON,
        reserved=reserved(whole, names, who), nothing=EMPTY,
        errors=Draft(errors=draft.errors), shown=shown(now, before, draft),
        here=f"{CARDS}/{card.id}", later=later_days(card, request.received_at, zone),
    )  # fmt: skip


async def switch_card(request: OperatorRequest[None, Switch]) -> Reply[None]:
    """Switch a card on or off; undoing it is the same the other way round."""
    form = request.body
    changed = await change_card(
        request,
        "card_switched_on" if form.to == "on" else "card_switched_off",
        switching(form.to == "on", form.etag),
    )
    back, card_id = own_page(form.back, CARDS), changed.card.id
    in_the_list = back.partition("?")[0] == CARDS  # which is to stay where it is
    row = f"{back}#{card_id}" if in_the_list else back
    if changed.entry is None:
        return redirect(request, row, flash=Flash(f"The card is switched {form.to} already."))
    other = "off" if form.to == "on" else "on"
    fields = {"to": other, "back": back, "etag": giftcards.etag(changed.card)}
    undo = Undo(f"{CARDS}/{card_id}/switch", fields)
    said = f"{changed.card.owner_username}'s card is switched {form.to}."
    return redirect(request, row, flash=Flash(said, undo=undo))


async def adjust_card(request: OperatorRequest[None, Adjustment]) -> Reply[None]:
    """Add to a card's credit, or take from it."""
    form = request.body
    rule = as_seen(giftcards.adjusting(form.delta, form.reason), form.etag)
    changed = await change_card(request, "card_adjusted", rule)
    return back_to(changed, request, f"The card has L$ {changed.card.credit:,} now.")


async def add_note(request: OperatorRequest[None, NewNote]) -> Reply[None]:
    """Write a note on a card."""
    rule = as_seen(notes.noting(request.body.text), request.body.etag)
    changed = await change_card(request, "card_noted", rule)
    return back_to(changed, request, "The note is written.")


async def label_card(request: OperatorRequest[None, Labelling]) -> Reply[None]:
    """Give a card other tags, and a reference."""
    form, card_id = request.body, CARD.of(request)

    def done_to(labelled: Labelled) -> About | None:
        return None if giftcards.etag(labelled.card) == form.etag else About(card_id)

    wanted = notes.Labelling(form.reference or UNSET, tags_of(form.tags) or ())
    labelled = await act(
        request, "card_labelled", done_to, notes.label,
        request.caller, card_id, wanted, frozenset({form.etag}),
    )  # fmt: skip
    said = "It is written on the card." if done_to(labelled) else "The card was so already."
    return redirect(request, f"{CARDS}/{card_id}", flash=Flash(said))


async def extend_card(request: OperatorRequest[None, Extension]) -> Reply[None]:
    """Let a card end later."""
    form, zone = request.body, request.principal.zone
    ends = form.ends(zone)
    changed = await change_card(
        request, "card_extended", as_seen(many.extending_to(ends).rule, form.etag)
    )
    if changed.entry is None:
        raise ValidationFailed({"expires_at": ["must be later than the card ends now"]})
    return back_to(changed, request, f"The card is good up to {filters.date(ends - 1, zone)}.")


def back_to(changed: CardChange, request: OperatorRequest[None, Any], said: str) -> Reply[None]:
    """Lead to the card that was changed, with a word on it."""
    return redirect(request, f"{CARDS}/{changed.card.id}", flash=Flash(said))


async def change_card(
    request: OperatorRequest[None, Any],
    deed: Deed,
    rule: Rule[CardChange],
    hold_id: str | None = None,
) -> CardChange:
    """Change the card that a form is about, and record it. Raises what the rule raises."""
    asked = CardRequest(request.caller, CARD.of(request), rule, hold_id)
    return await act(request, deed, which, change, asked)


def which(changed: CardChange) -> About | None:
    """Name the card by its id: no record has residents' names."""
    return None if changed.entry is None else About(changed.card.id)


async def read_whole(tx: Tx, store_id: str, card_id: str) -> tuple[WholeCard, dict[str, str]]:
    """Return all there is of a card, and the names of everybody in its life, by their ids.

    Raises ``GiftCardNotFound``.
    """
    whole = await whole_cards.read(tx, store_id, card_id)
    names = await residents.shown_names(tx, sorted(names_in(whole.entries)))
    actors = ((entry.actor_kind, entry.actor_id) for entry in whole.entries)
    return whole, names | await names_of(tx, store_id, actors)


_CLERK: Final = Session("clerk")
_FORMS: Final = cast(
    "tuple[tuple[str, Any, Any], ...]",
    (
        ("switch", switch_card, Switch),
        ("adjust", adjust_card, Adjustment),
        ("note", add_note, NewNote),
        ("labels", label_card, Labelling),
        ("extend", extend_card, Extension),
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
