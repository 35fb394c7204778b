"""One gift card: all there is of it, its life, and the forms on its page.

Each form is about the card as it was shown (``dashboard/editing.py``). So what is sent twice is
done once, and what somebody else has changed meanwhile is shown before anything is changed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import UNSET, Meta, Struct

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
from gridgift.dashboard.forms import EMPTY, Draft, Errors
from gridgift.dashboard.page import Page, forms_about
from gridgift.dashboard.pages.cards import CARD, CARDS, SOON, Day
from gridgift.dashboard.render import MAX_BACK, Flash, Undo, own_page, redirect, render
from gridgift.dashboard.timeline import moments, names_in, reserved
from gridgift.domain import (
    card_life,
    giftcards,
    labels,
    ledger,
    many,
    notes,
    residents,
    whole_cards,
)
from gridgift.domain.actions import About, Deed
from gridgift.domain.card_life import LAPSED, NEWEST, Life
from gridgift.domain.days import end_of, parse_day
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.locked import CardRequest, Rule, change
from gridgift.domain.model import MAX_CREDIT, CardChange, Entry, Hold, Labels
from gridgift.domain.notes import Labelled
from gridgift.domain.paging import Keys, KeyType, Position, page_of
from gridgift.domain.paging import Page as Rows
from gridgift.domain.whole_cards import CardNow
from gridgift.fields import Cursor, Note, Reference, Text
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx

MOMENTS: Final = 50  # entries on a page
HOLDS: Final = 20
HOLD_KEYS: Final[tuple[KeyType, ...]] = ("integer", "uuid")


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
            extra={
                "says": "must be a whole number of L$, with a minus to take, and not 0",
                "parse": lambda delta: delta or None,
            },
        ),
    ]
    reason: Text


class NewNote(CardForm, frozen=True, kw_only=True):
    """The form for a note."""

    text: Note


def _tags_in(text: str) -> list[str]:
    return [tag for part in text.split(",") if (tag := part.strip())]


def tags_of(text: str) -> tuple[str, ...] | None:
    """Read tags with commas between them; None: too many, or one of them can't be a tag."""
    named = labels.checked_tags(_tags_in(text))
    return None if named is None else Labels.of(None, named, {}).tags


class Labelling(CardForm, frozen=True, kw_only=True):
    """The form for a card's tags, all of them, and for its reference, if it has none yet."""

    tags: Annotated[str, Meta(extra={"says": labels.TAGS_WANTED, "parse": tags_of})] = ""
    reference: Reference | None = None

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say how many tags there are, if they are too many."""
        count = len(_tags_in(typed.get("tags", "")))
        too_many = f"must be at most {labels.MAX_TAGS} tags, and these are {count}"
        return {"tags": [too_many]} if count > labels.MAX_TAGS else {}


class Extension(CardForm, frozen=True, kw_only=True):
    """The form that lets a card end later: with its last day, in the store's time zone."""

    expires_at: Day

    def ends(self, zone: str) -> int:
        """Return when the card is to end, in milliseconds."""
        day = parse_day(self.expires_at)
        assert day is not None, "it was checked when the form was decoded"
        return end_of(day, zone)


class CardQuery(Struct, frozen=True):
    """Which page of a card's entries, the newest if none is said, and of its open holds."""

    cursor: Cursor | None = None
    holds: Cursor | None = None


class Found(Struct, frozen=True):
    """What a page shows of a card: as it is ``now``, a page of its life, and a page of its holds.

    ``since`` is what happened after a form was shown that was sent. ``placed`` are the entries that
    placed the holds, by the holds' ids, and ``names`` those of everybody, by theirs.
    """

    now: CardNow
    life: Life
    since: Life | None
    holds: Rows[Hold]
    placed: Mapping[str, Entry]
    names: Mapping[str, str]


async def show_card(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show one card, and its life."""
    return await show(request, draft, "card.html")


async def show(request: OperatorRequest[Any, object], draft: Draft, template: str) -> Reply[None]:
    """Show a page about a card as it is now, and what has happened since its form was shown."""
    query = request.query if isinstance(request.query, CardQuery) else CardQuery()
    store_id, card_id, who = request.store_id, CARD.of(request), request.principal
    cursors, named = request.services.cursors, f"dashboard card {store_id} {card_id}"
    entries = cursors.of(f"{named} entries", ledger.KEY_TYPES)
    holds = cursors.of(f"{named} holds", HOLD_KEYS)
    found = await request.operations.read(
        _read, store_id, card_id,
        entries.read(query.cursor) if query.cursor else NEWEST, holds.read(query.holds),
        draft.value("etag"),
    )  # fmt: skip
    card, names = found.now.card, found.names
    now = before = fields_of(card, card.credit, who.zone, found.now.labels)
    since = None
    if found.since is not None:
        since = meanwhile(found.since, moments(found.since, names, who), now, names, who.zone)
        before = since.before
        draft = msgspec.structs.replace(draft, message="")  # the page has more to say
    return render(
        request, template,
        card=card, whole=found.now, etag=giftcards.etag(card), since=since, draft=draft, soon=SOON,
        moments=moments(found.life, names, who), capped=len(found.life.lapsed) == LAPSED,
        older=entries.write(found.life.older), newer=entries.write(found.life.newer), query=query,
        reserved=reserved(found.holds.rows, found.placed, names, who),
        later_holds=holds.write(found.holds.next), nothing=EMPTY,
        errors=Draft(errors=draft.errors), shown=shown(now, before, draft),
        here=f"{CARDS}/{card.id}", later=later_days(card, request.received_at, who.zone),
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
    short = back if len(back) <= MAX_BACK else CARDS
    fields = {"to": other, "back": short, "etag": giftcards.etag(changed.card)}
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


async def _read(
    tx: Tx, store_id: str, card_id: str, entries: Position, holds: Position, etag: str
) -> Found:
    """Return what a page shows of a card; ``etag`` is that of a form that was sent, if one was.

    Raises ``GiftCardNotFound``.
    """
    now = await whole_cards.read_now(tx, store_id, card_id)
    life = await card_life.read(tx, store_id, card_id, entries, MOMENTS)
    since = None
    if etag and etag != giftcards.etag(now.card):
        head = etag.strip('"').partition("-")[0]
        since = await card_life.since(tx, store_id, card_id, head)
    page = page_of([hold for hold in now.holds if _place(hold) > holds.keys], holds, HOLDS, _place)
    placed = await card_life.placing(tx, store_id, card_id, page.rows)
    told = [*life.entries, *placed.values(), *(since.entries if since else ())]
    told += [each.before for each in (life, since) if each and each.before]
    names = await residents.shown_names(tx, sorted(names_in(told)))
    names |= await names_of(tx, store_id, ((each.actor_kind, each.actor_id) for each in told))
    return Found(now, life, since, page, placed, names)


def _place(hold: Hold) -> Keys:
    """Return where an open hold stands among a card's: the first to end comes first."""
    return hold.expires_at, hold.id


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
    Page("GET", f"{CARDS}/{{id}}", _CLERK, show_card, query=CardQuery, path_parameters=(CARD,)),
    *forms_about(f"{CARDS}/{{id}}", CARD, _CLERK, show_card, _FORMS),
)
