"""The options of the commands on units, and how their values are read."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from msgspec import UNSET

from gridgift.cli.options import (
    NONE,
    Setting,
    StoreOptions,
    UsageError,
    one_of,
    or_none,
    read_expiry,
    read_reason,
    read_texture,
    read_uuid,
    value_of,
)
from gridgift.domain import refunds, texts, units
from gridgift.domain.days import Expiry
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.refunds import RefundState
from gridgift.domain.units import UnitChanges, UnitKind

DATES: Final = "2027-01-31T12:00:00Z, or the end of 2027-01-31 in the store's time zone"
DIGITS: Final = 10  # those of the largest amount


def read_name(text: str) -> str:
    """Read a unit's name."""
    if not texts.fits_name(text, *units.NAME_LENGTHS):
        raise typer.BadParameter(f"{texts.wanted_name(*units.NAME_LENGTHS)}.")
    return text


def _bound(option: str, help_: str, most: int = MAX_CREDIT) -> Any:
    return typer.Option(option, min=1, max=most, metavar="N", help=help_)


def _date(option: str, help_: str) -> Any:
    return typer.Option(option, parser=read_expiry, metavar="DATE", help=f"{help_}: {DATES}.")


UnitArgument = Annotated[
    str, typer.Argument(parser=read_uuid, metavar="UNIT", help="The unit's id.")
]
VendorArgument = Annotated[
    str | None, typer.Argument(parser=read_uuid, metavar="[UNIT]", help="One vendor's id.")
]
RefundArgument = Annotated[
    str, typer.Argument(parser=read_uuid, metavar="REFUND", help="The refund's id.")
]
StateOption = Annotated[
    RefundState | None,
    typer.Option(
        "--state",
        parser=one_of(refunds.STATES),
        metavar="STATE",
        help=f"Only {', '.join(refunds.STATES)}.",
    ),
]
NoteOption = Annotated[
    str, typer.Option("--note", parser=read_reason, metavar="TEXT", help="A note of your own.")
]
KindOption = Annotated[
    UnitKind,
    typer.Option(
        "--kind", parser=one_of(units.KINDS), metavar="KIND", help=f"{', '.join(units.KINDS)}."
    ),
]
NameOption = Annotated[
    str, typer.Option("--name", parser=read_name, metavar="NAME", help="What you call it.")
]
UsernameOption = Annotated[
    list[str] | None,
    typer.Option("--username", metavar="NAME", help="Whom it is for; repeat it."),
]
GroupOption = Annotated[
    bool, typer.Option("--group-only", help="Only for those who wear the object's group.")
]
TransferableOption = Annotated[
    bool, typer.Option("--transferable", help="The owners of its cards may pass them on.")
]
StartsOption = Annotated[Expiry | None, _date("--starts", "When giving begins")]
EndsOption = Annotated[Expiry | None, _date("--ends", "When giving ends")]
CreditOption = Annotated[int, _bound("--credit", "What each card has, in L$.")]
CardsOption = Annotated[int | None, _bound("--max-cards", "Cards in all rounds.")]
DayOption = Annotated[
    int | None, _bound("--max-cards-a-day", "Cards on a day of the store's time zone.")
]
SumOption = Annotated[int | None, _bound("--max-credit", "L$ of all its cards together.")]
AgeOption = Annotated[
    int | None, _bound("--min-account-days", "How old accounts must be.", units.MAX_ACCOUNT_DAYS)
]


def _read_number(text: str) -> int:
    """Read a number; the domain knows the bounds."""
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS:
        raise typer.BadParameter(f"{text!r} is neither a number nor {NONE}.")
    return int(text)


def _changed(option: str, read: Callable[[str], Any], metavar: str, help_: str) -> Any:
    parser = or_none(read)
    return typer.Option(
        option, parser=parser, metavar=metavar, help=f"{help_}; '{NONE}': no bound."
    )


class UpdateOptions(StoreOptions, frozen=True, kw_only=True):
    """What becomes of a unit's settings; what is left out stays."""

    name: Annotated[
        str | None,
        typer.Option("--name", parser=read_name, metavar="NAME", help="What you call it."),
    ] = None
    credit: Annotated[int | None, _bound("--credit", "What each card has, in L$.")] = None
    texture: Annotated[
        Setting | None,
        typer.Option(
            "--texture",
            parser=or_none(read_texture),
            metavar="UUID",
            help=f"The picture, a texture; '{NONE}': the store's logo.",
        ),
    ] = None
    group_only: Annotated[
        bool | None,
        typer.Option(
            "--group-only/--no-group", help="Only for those who wear the object's group, or not."
        ),
    ] = None
    transferable: Annotated[
        bool | None,
        typer.Option(
            "--transferable/--not-transferable",
            help="Whether the owners of its next cards may pass them on.",
        ),
    ] = None
    starts: Annotated[
        Setting | None, _changed("--starts", read_expiry, "DATE", f"When giving begins: {DATES}")
    ] = None
    ends: Annotated[
        Setting | None, _changed("--ends", read_expiry, "DATE", f"When giving ends: {DATES}")
    ] = None
    max_cards: Annotated[
        Setting | None, _changed("--max-cards", _read_number, "N", "Cards in all rounds")
    ] = None
    max_cards_a_day: Annotated[
        Setting | None, _changed("--max-cards-a-day", _read_number, "N", "Cards on a day")
    ] = None
    max_credit: Annotated[
        Setting | None, _changed("--max-credit", _read_number, "N", "L$ of all its cards together")
    ] = None
    min_account_days: Annotated[
        Setting | None,
        _changed("--min-account-days", _read_number, "N", "How old accounts must be"),
    ] = None
    username: Annotated[
        list[str] | None,
        typer.Option(
            "--username", metavar="NAME", help="Whom it is for, in place of all before; repeat it."
        ),
    ] = None
    everybody: Annotated[bool, typer.Option("--everybody", help="It is for everybody.")] = False

    def changes(self, zone: str) -> UnitChanges:
        """Return what to change; days are those of a time zone. Raises ``UsageError``."""
        if self.username and self.everybody:
            raise UsageError("Say --username or --everybody, not both.")
        changes = UnitChanges(
            name=UNSET if self.name is None else self.name,
            credit=UNSET if self.credit is None else self.credit,
            texture=value_of(self.texture),
            group_only=UNSET if self.group_only is None else self.group_only,
            transferable=UNSET if self.transferable is None else self.transferable,
            starts_at=_instant(self.starts, zone),
            ends_at=_instant(self.ends, zone),
            max_cards=value_of(self.max_cards),
            max_cards_a_day=value_of(self.max_cards_a_day),
            max_credit=value_of(self.max_credit),
            min_account_days=value_of(self.min_account_days),
            usernames=tuple(self.username or ()) if self.username or self.everybody else UNSET,
        )
        if changes == UnitChanges():
            raise UsageError("Say what to change, such as --name, --credit or --max-cards.")
        return changes


def _instant(setting: Setting | None, zone: str) -> Any:
    """Return when a setting's day ends in a time zone, in milliseconds."""
    if setting is None or setting.value is None:
        return value_of(setting)
    return setting.value.at(zone)
