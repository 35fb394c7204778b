"""The options that commands share, and how their values are read."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, TypeVar

import typer
from msgspec import UNSET, Struct

from gridgift.domain import notes, texts
from gridgift.domain.days import SECOND_LIFE, Expiry
from gridgift.domain.ids import parse_uuid, texture_of
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.scopes import SCOPES
from gridgift.settings import Settings, SettingsError

PUBLIC_URL: Final = "GRIDGIFT_PUBLIC_URL"
NONE: Final = "none"  # what is typed to take a setting away

Word = TypeVar("Word", bound=str)

_DURATION: Final = re.compile(r"(\d{1,9})([smhd])", re.ASCII)
_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}  # milliseconds


class UsageError(Exception):
    """The command can't be run as it was written; the message is one sentence for people."""


class Setting(Struct, frozen=True):
    """The value of a setting that was named; None takes it away."""

    value: Any


def or_none(read: Callable[[str], Any]) -> Callable[[str], Setting]:
    """Make what reads a setting that can be taken away."""
    return lambda text: Setting(None if text == NONE else read(text))


def value_of(setting: Setting | None) -> Any:
    """Return what a setting becomes: UNSET if it was left out."""
    return UNSET if setting is None else setting.value


def one_of(words: Iterable[Word]) -> Callable[[str], Word]:
    """Make what reads one of some words."""
    known: dict[str, Word] = {word: word for word in words}

    def read(text: str) -> Word:
        if text not in known:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(known)}.")
        return known[text]

    return read


def read_texture(text: str) -> str | None:
    """Read a texture's UUID; the all-zero one means none."""
    return texture_of(read_uuid(text))


def read_uuid(text: str) -> str:
    """Read a UUID in hyphenated form; return it in lower case."""
    uuid = parse_uuid(text)
    if uuid is None:
        raise typer.BadParameter(f"{text!r} is not a UUID.")
    return uuid


def read_url(text: str) -> str:
    """Read the address of a server, and return it without a slash at its end."""
    try:
        return Settings.from_environ({PUBLIC_URL: text}).public_url
    except SettingsError as error:
        raise typer.BadParameter(str(error).replace(PUBLIC_URL, "It")) from None


def read_expiry(text: str) -> Expiry:
    """Read a date, a date and time with an offset, or ``never``."""
    try:
        return Expiry.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}.") from None


def read_duration(text: str) -> int:
    """Read a duration such as ``90m``, ``24h`` or ``7d``, or ``0``; return milliseconds."""
    if text == "0":
        return 0
    parts = _DURATION.fullmatch(text)
    if parts is None:
        raise typer.BadParameter(f"{text!r} is not a duration like 0, 90m, 24h or 7d.")
    return int(parts[1]) * _UNITS[parts[2]]


def read_days(text: str) -> int:
    """Read a number of days."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise typer.BadParameter(f"{text!r} is not a number of days.")
    return int(text)


def read_reason(text: str) -> str:
    """Read a reason for the ledger: one line, so that it can't disturb a report."""
    if not texts.fits(text, 0, texts.MAX_NOTE):
        raise typer.BadParameter(f"{texts.wanted(0, texts.MAX_NOTE)}.")
    return text


def read_text(text: str) -> str:
    """Read a reason or a reference that may not be empty."""
    if not texts.fits(text, 1, texts.MAX_NOTE):
        raise typer.BadParameter(f"{texts.wanted(1, texts.MAX_NOTE)}.")
    return text


def read_note(text: str) -> str:
    """Read a note on a card."""
    if not texts.fits(text, 1, notes.MAX_TEXT):
        raise typer.BadParameter(f"{texts.wanted(1, notes.MAX_TEXT)}.")
    return text


def read_scopes(names: list[str]) -> list[str]:
    """Read scopes as they were repeated or separated by commas; ``all`` means every one."""
    wanted = [name.strip() for text in names for name in text.split(",")]
    return list(SCOPES) if "all" in wanted else wanted


_SCOPE_HELP: Final = f"What the key may do; repeat it. One of: all, {', '.join(SCOPES)}."

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:///FILE or postgresql://…; otherwise GRIDGIFT_DATABASE_URL, "
        "otherwise sqlite:///gridgift.db.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        parser=read_uuid,
        metavar="ID",
        help="Which store; not needed when there is only one.",
    ),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", parser=read_text, metavar="TEXT", help="For the ledger.")
]
OptionalReasonOption = Annotated[  # the default is ""
    str, typer.Option("--reason", parser=read_reason, metavar="TEXT", help="For the ledger.")
]
ScopeOption = Annotated[
    list[str] | None, typer.Option("--scope", metavar="SCOPE", help=_SCOPE_HELP)
]
ExpiresOption = Annotated[
    Expiry | None,
    typer.Option(
        "--expires",
        parser=read_expiry,
        metavar="DATE",
        help="2027-01-31: to the end of that day in the store's time zone; or "
        "2027-01-31T12:00:00Z, or never.",
    ),
]
TimeZoneOption = Annotated[
    str | None,
    typer.Option(
        "--time-zone",
        metavar="NAME",
        help=f"Whose days dates are, like Europe/Berlin; at first Second Life's, {SECOND_LIFE}.",
    ),
]
TextureOption = Annotated[
    str | None,
    typer.Option("--texture", parser=read_texture, metavar="UUID", help="The picture, a texture."),
]
CreditOption = Annotated[
    int, typer.Option("--credit", min=1, max=MAX_CREDIT, metavar="N", help="Linden Dollars (L$).")
]
AmountOption = Annotated[
    int, typer.Option("--amount", min=1, max=MAX_CREDIT, metavar="N", help="Linden Dollars (L$).")
]
MaybeAmountOption = Annotated[  # "AmountOption | None" would lose its bounds
    int | None,
    typer.Option(
        "--amount", min=1, max=MAX_CREDIT, metavar="N", help="Linden Dollars (L$); else all."
    ),
]
CardArgument = Annotated[str, typer.Argument(parser=read_uuid, metavar="ID", help="The card's id.")]
OperatorArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="What the person is called, in lists and at sign-in.")
]
CustomerArgument = Annotated[
    str, typer.Argument(metavar="IDENTIFIER", help="A resident's username or avatar UUID.")
]
HostOption = Annotated[
    str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")
]
PortOption = Annotated[
    int,
    typer.Option("--port", min=0, max=65535, metavar="PORT", help="The port; 0 takes a free one."),
]


class DatabaseOptions(Struct, frozen=True, kw_only=True):
    """Options of every command: where the database is, and how to answer."""

    database: DatabaseOption = None
    json: JsonOption = False


class StoreOptions(DatabaseOptions, frozen=True, kw_only=True):
    """Options of every command about one store."""

    store: StoreOption = None
