"""Scalar types of what comes in and goes out: range, form, and what is said of a bad value.

Every edge uses them. ``says`` is the complaint about a value, ``parse`` makes None of a bad one.
"""

from typing import Annotated, Final

from msgspec import Meta

from gridgift.domain import labels, many, notes, texts
from gridgift.domain.failures import IdentifierMalformed
from gridgift.domain.ids import parse_uuid
from gridgift.domain.instants import format_instant, parse_instant
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.residents import parse_prefix, parse_username

MAX_HOLD: Final = 7 * 86_400  # seconds

UUID_PATTERN: Final = (
    "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
)

EXPIRY_PATTERN: Final = (
    "^(202[6-9]|20[3-9][0-9]|2[1-9][0-9]{2}|[3-9][0-9]{3})-[0-9]{2}-[0-9]{2}"
    r"[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
WANTED_INSTANT: Final = (
    "must be a date and time with its zone, like 2027-01-31T12:00:00Z, "
    "of the years 1 to 9999 in UTC"
)
USERNAME_SCHEMA: Final = {"pattern": "^[A-Za-z0-9]{1,31}([. ][A-Za-z0-9]{1,31})?$"}
IDENTIFIER_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", **USERNAME_SCHEMA},
        {"type": "string", "pattern": UUID_PATTERN, "not": {"pattern": "^[0-]+$"}},
    ]
}


def _credit_from(minimum: int, description: str) -> Meta:
    says = f"must be an integer from {minimum} to {MAX_CREDIT}"
    return Meta(ge=minimum, le=MAX_CREDIT, description=description, extra={"says": says})


def _printable(longest: int) -> Meta:
    return Meta(
        min_length=1,
        max_length=longest,
        description="Characters are Unicode code points.",
        extra={
            "says": texts.wanted(1, longest),
            "parse": lambda text: text if texts.is_printable(text) else None,
        },
        extra_json_schema={"pattern": texts.PATTERN},
    )


# Only described here: the domain reads it, and refuses it with a code of its own.
Identifier = Annotated[
    str,
    Meta(description="A resident's username or avatar UUID.", extra_json_schema=IDENTIFIER_SCHEMA),
]


def _is_username(text: str) -> str | None:
    try:
        parse_username(text)
    except IdentifierMalformed:
        return None
    return text


Username = Annotated[
    str,
    Meta(
        description="A Second Life username, as people write it.",
        extra={"says": "must be a username like kelly.moonwall", "parse": _is_username},
        extra_json_schema=USERNAME_SCHEMA,
    ),
]
Credit = Annotated[int, _credit_from(0, "Linden Dollars (L$).")]
GrantedCredit = Annotated[int, _credit_from(1, "Linden Dollars (L$), at least 1.")]
Uuid = Annotated[
    str,
    Meta(
        pattern=UUID_PATTERN,
        max_length=36,  # "$" alone would let a newline follow
        extra={"says": "must be a UUID like 01234567-89ab-cdef-0123-456789abcdef"},
        extra_json_schema={"format": "uuid"},
    ),
]
Instant = Annotated[
    str,
    Meta(
        description="ISO 8601 date and time in UTC, with Z.",
        extra_json_schema={"format": "date-time"},
    ),
]
# JSON Schema can't say "in the future"; it can say that no year before this program's is.
Expiry = Annotated[
    str,
    Meta(
        description="An instant in the future: ISO 8601 date and time, with Z or an offset.",
        extra={
            "says": WANTED_INSTANT,
            "parse": parse_instant,
        },
        extra_json_schema={"format": "date-time", "pattern": EXPIRY_PATTERN},
    ),
]
When = Annotated[
    str,
    Meta(
        description="An instant: ISO 8601 date and time, with Z or an offset.",
        extra={
            "says": WANTED_INSTANT,
            "parse": parse_instant,
        },
        extra_json_schema={"format": "date-time"},
    ),
]
OwnerPrefix = Annotated[
    str,
    Meta(
        pattern=f"{UUID_PATTERN}|^[A-Za-z0-9]{{1,31}}([. ][A-Za-z0-9]{{0,31}})?$",
        max_length=63,
        description="A username, present or earlier, begins so; or the owner's UUID.",
        extra={
            "says": "must be the beginning of a username, or a UUID",
            "parse": lambda text: parse_uuid(text) or parse_prefix(text),
        },
    ),
]
Limit = Annotated[
    int,
    Meta(
        ge=1,
        le=1000,
        description="Rows on a page.",
        extra={"says": "must be an integer from 1 to 1000"},
    ),
]
Cursor = Annotated[
    str,
    Meta(
        description="nextCursor or previousCursor of an earlier answer, unchanged; empty: none.",
        extra_json_schema={"pattern": "^([A-Za-z0-9_-]{19,4096})?$"},
    ),
]
Text = Annotated[str, _printable(texts.MAX_NOTE)]
Reference = Annotated[
    Text, Meta(description="The caller's own, one card's in the store, for good.")
]
Note = Annotated[str, _printable(notes.MAX_TEXT)]
MemberName = Annotated[
    str,
    Meta(min_length=1, max_length=labels.MAX_NAME, extra_json_schema={"pattern": texts.PATTERN}),
]
MemberValue = Annotated[
    str, Meta(max_length=labels.MAX_VALUE, extra_json_schema={"pattern": texts.PATTERN})
]
Tag = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=labels.MAX_TAG,
        pattern=labels.TAG_PATTERN,
        description="Something to see, without commas, semicolons and spaces around it. Upper case "
        "is another tag.",
        extra={"says": labels.TAG_WANTED},
    ),
]
Tags = Annotated[
    list[Tag],
    Meta(
        max_length=labels.MAX_TAGS,
        description="Sorted, each once.",
        extra={"says": labels.TAGS_WANTED, "parse": labels.checked_tags},
    ),
]
Metadata = Annotated[
    dict[MemberName, MemberValue],
    Meta(
        max_length=labels.MAX_MEMBERS,
        description=f"Up to {labels.MAX_METADATA} bytes of JSON, without spaces.",
        extra={"says": labels.METADATA_WANTED, "parse": labels.checked_metadata},
    ),
]
Member = Annotated[
    str,
    _printable(labels.MAX_MEMBER),
    Meta(description="A member of metadata as name:value, the whole value; or a name alone."),
]
CardIds = Annotated[
    list[Uuid],
    Meta(
        min_length=1,
        max_length=many.MAX_IDS,
        description="Gift cards' ids; one that is there twice counts once.",
        extra={"says": f"must be from 1 to {many.MAX_IDS} UUIDs"},
    ),
]
Days = Annotated[
    int,
    Meta(
        ge=1,
        le=many.MAX_DAYS,
        description="How many days later; of a card that has expired, from now on.",
        extra={"says": f"must be an integer from 1 to {many.MAX_DAYS}"},
    ),
]
Delta = Annotated[
    int,
    Meta(
        ge=-MAX_CREDIT,
        le=MAX_CREDIT,
        description="Linden Dollars (L$) to add, or, negative, to take away; not 0.",
        extra_json_schema={"not": {"const": 0}},
        extra={"says": f"must be an integer from {-MAX_CREDIT} to {MAX_CREDIT}"},
    ),
]
Seconds = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_HOLD,
        description="Seconds.",
        extra={"says": f"must be an integer from 1 to {MAX_HOLD} (seconds)"},
    ),
]


def instant_of(text: str | None) -> int | None:
    """Read a date, already checked, that may be null."""
    return None if text is None else parse_instant(text)


def written(instant: int | None) -> str | None:
    """Write a date that may be null."""
    return None if instant is None else format_instant(instant)
