"""The filters of the search over a store's cards, as options: the same as those of the API."""

from datetime import date
from typing import Annotated, Final, get_args

import typer
from msgspec import UNSET, Struct, structs

from gridgift.cli.options import StoreOptions, one_of, read_text
from gridgift.domain import labels, texts
from gridgift.domain.card_filters import NO_FILTERS, Filters
from gridgift.domain.days import Expiry, end_of, start_of
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import MAX_CREDIT, ActorKind
from gridgift.domain.residents import parse_prefix

SOURCES: Final = (*get_args(ActorKind), "reissue")


class When(Struct, frozen=True):
    """An instant in milliseconds, or a day in the store's time zone."""

    at: int | date

    def start(self, zone: str) -> int:
        """Return when it begins, in milliseconds."""
        return start_of(self.at, zone) if isinstance(self.at, date) else self.at

    def end(self, zone: str) -> int:
        """Return when it is over, in milliseconds."""
        return end_of(self.at, zone) if isinstance(self.at, date) else self.at

    def ending(self, zone: str) -> int:
        """Return from when on what ends in it or later does end, in milliseconds.

        What ends with a day has that as its last one, and ends when the next day begins.
        """
        return self.start(zone) + (1 if isinstance(self.at, date) else 0)


def read_owner(text: str) -> str:
    """Read the beginning of a username, or a UUID."""
    found = parse_uuid(text) or parse_prefix(text)
    if not found:
        raise typer.BadParameter(f"{text!r} begins no username, and is no UUID.")
    return found


def read_when(text: str) -> When:
    """Read a date, or a date and time with an offset."""
    try:
        until = Expiry.parse(text).until
    except ValueError:
        until = None
    if until is None:
        raise typer.BadParameter(
            f"{text!r} must be a date like 2027-01-31, or a date and time like "
            "2027-01-31T12:00:00Z."
        )
    return When(until)


def read_tag(text: str) -> str:
    """Read a tag."""
    if labels.checked_tags([text]) is None:
        raise typer.BadParameter(f"{text!r} {labels.TAG_WANTED}.")
    return text


def read_member_or_name(text: str) -> str:
    """Read a name and a text of metadata, with ``=`` between them, or a name alone."""
    name, equals, value = text.partition("=")
    if not texts.fits(name, 1, labels.MAX_NAME) or not texts.fits(value, 0, labels.MAX_VALUE):
        raise typer.BadParameter(f"{text!r} must be NAME or NAME=TEXT, as metadata has it.")
    return f"{name}:{value}" if equals else name


class FilterOptions(StoreOptions, frozen=True, kw_only=True):
    """Which cards of a store; the filters combine."""

    owner: Annotated[
        str | None,
        typer.Option(
            "--owner",
            parser=read_owner,
            metavar="NAME",
            help="A username, present or earlier, that begins so; or an avatar's UUID.",
        ),
    ] = None
    active: Annotated[
        bool | None, typer.Option("--active/--disabled", " /--inactive", help="Only these.")
    ] = None
    redeemed: Annotated[
        bool | None, typer.Option("--redeemed/--not-redeemed", help="Only these.")
    ] = None
    expired: Annotated[bool | None, typer.Option("--expired/--not-expired", help="Only these.")] = (
        None
    )
    expiring_from: Annotated[
        When | None,
        typer.Option(
            "--expiring-from", parser=read_when, metavar="DATE", help="Their date is this or later."
        ),
    ] = None
    expiring_before: Annotated[
        When | None,
        typer.Option(
            "--expiring-before", parser=read_when, metavar="DATE", help="Their date is before this."
        ),
    ] = None
    credit_from: Annotated[
        int, typer.Option("--credit-from", min=0, max=MAX_CREDIT, metavar="N", help="At least, L$.")
    ] = 0
    credit_to: Annotated[
        int, typer.Option("--credit-to", min=0, max=MAX_CREDIT, metavar="N", help="At most, L$.")
    ] = MAX_CREDIT
    created_from: Annotated[
        When | None,
        typer.Option(
            "--created-from", parser=read_when, metavar="DATE", help="Made on that day or later."
        ),
    ] = None
    created_to: Annotated[
        When | None,
        typer.Option(
            "--created-to", parser=read_when, metavar="DATE", help="Made by the end of that day."
        ),
    ] = None
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            parser=one_of(SOURCES),
            metavar="KIND",
            help=f"Who granted it: {', '.join(SOURCES[:-1])}; or reissue: for a lost card.",
        ),
    ] = None
    tag: Annotated[
        str | None,
        typer.Option("--tag", parser=read_tag, metavar="TAG", help="One of the card's tags."),
    ] = None
    reference: Annotated[
        str | None,
        typer.Option("--reference", parser=read_text, metavar="TEXT", help="The card's own."),
    ] = None
    note: Annotated[
        str | None,
        typer.Option(
            "--note",
            parser=read_text,
            metavar="TEXT",
            help="One of its newest 20 notes has it, in any letter case.",
        ),
    ] = None
    metadata: Annotated[
        str | None,
        typer.Option(
            "--metadata",
            parser=read_member_or_name,
            metavar="NAME[=TEXT]",
            help="Its metadata has this text, the whole of it; or this name, or the name "
            "NAME:TEXT.",
        ),
    ] = None

    def filters(self, zone: str) -> Filters:
        """Return which cards to find; dates are days in a time zone."""
        owner = self.owner or ""
        uuid = parse_uuid(owner)
        ends_from, before = self.expiring_from, self.expiring_before
        made_from, made_to = self.created_from, self.created_to
        return Filters(
            owner_uuid=uuid,
            owner_prefix=owner if uuid is None and owner else None,
            active=self.active,
            redeemed=self.redeemed,
            expired=self.expired,
            expiring_from=None if ends_from is None else ends_from.ending(zone),
            expiring_before=None if before is None else before.ending(zone),
            credit_from=self.credit_from,
            credit_to=self.credit_to,
            created_from=0 if made_from is None else made_from.start(zone),
            created_to=NO_FILTERS.created_to if made_to is None else made_to.end(zone) - 1,
            source=self.source,
            tag=self.tag,
            reference=self.reference,
            note=self.note or UNSET,
            metadata=self.metadata or UNSET,
        )

    @property
    def are_given(self) -> bool:
        """Whether any filter is."""
        return any(
            getattr(self, field.name) != field.default
            for field in structs.fields(FilterOptions)
            if field.name not in {"store", "database", "json"}
        )
