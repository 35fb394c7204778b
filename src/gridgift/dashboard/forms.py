"""Forms: from what a browser sends to a struct, and back to the page with what is wrong."""

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Protocol, TypeVar, runtime_checkable
from urllib.parse import parse_qsl, urlencode

from msgspec import Meta, Struct

from gridgift.domain import failures
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.texts import unmarked
from gridgift.http.edge.decode import MAX_PARAMETERS, decode_texts, numbers_of
from gridgift.http.edge.refusals import BodyMalformed, FormOutdated
from gridgift.http.edge.session import Browser
from gridgift.reasons import people_told, reason

F = TypeVar("F", bound=Struct)
Errors = Mapping[str, Sequence[str]]  # what is wrong, by field

TOKEN: Final = "form_token"  # noqa: S105 - the field's name
# A field of what must never be written into a page again, nor have its spaces cut off.
Password = Annotated[str, Meta(extra={"says": "is required"})]
PASSWORDS: Final = frozenset(
    {"password", "new_password", "password_again", "code", "recovery_code"}
)
# A field of what is taken as it comes, to the last space.
WHOLE: Final = PASSWORDS | {"file"}


class NoFields(Struct, frozen=True):
    """A form that is only a button."""


@runtime_checkable
class Checked(Protocol):
    """A form that says more of what was typed than the types of its fields do."""

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say what is wrong with some of what was typed, by field; what is empty is not in it."""
        ...


class Draft(Struct, frozen=True):
    """What was typed into a form, and what is wrong: field by field, and with the whole."""

    values: Mapping[str, Sequence[str]] = {}
    errors: Mapping[str, Sequence[str]] = {}
    message: str = ""

    @classmethod
    def refused(cls, raw: bytes, failure: Failure, words: str = "") -> "Draft":
        """Return what was typed, with why it was refused; passwords are to be typed again.

        ``words`` are what people are told, where the failure's own are for programs.
        """
        values: dict[str, list[str]] = {}
        for name, text in shown_again(raw):
            values.setdefault(name, []).append(text)
        if isinstance(failure, ValidationFailed):
            errors = {
                _field_for(name, values): [*map(people_told, said)]
                for name, said in failure.errors.items()
            }
            return cls(values, errors)
        message, field = words or reason(failure), _FIELD_OF.get(type(failure))
        return cls(values, {field: [message]}) if field in values else cls(values, message=message)

    def value(self, name: str, otherwise: Any = "") -> Any:
        """Return the text of a field, or what it has at first."""
        return self.values[name][0] if name in self.values else otherwise

    def has(self, name: str, value: str, otherwise: bool = False) -> bool:
        """Tell whether a field that may have several values has this one."""
        return value in self.values.get(name, ()) if self.values else otherwise


def _field_for(name: str, typed: Mapping[str, Sequence[str]]) -> str:
    """Return the field of a form that stands for one of the domain's: a day for an instant."""
    day = _DAY_OF.get(name, "")
    return day if day in typed and name not in typed else name


_DAY_OF: Final = {"starts_at": "first_day", "ends_at": "last_day", "expires_at": "last_day"}
EMPTY: Final = Draft()
# Failures that are of what was typed into one field.
_FIELD_OF: Final[Mapping[type[Failure], str]] = {
    failures.InsufficientCredit: "delta",
    failures.CreditLimitExceeded: "delta",
    failures.ReferenceTaken: "reference",
    failures.ReferenceFixed: "reference",
    failures.KeyNameTaken: "name",
}


def urlencoded(raw: bytes, media_type: bytes) -> bytes:
    """Return a form in the one shape that is read here, whichever a browser sent it in.

    Of a file (``multipart/form-data``, RFC 7578) this makes a field with its text, and one with its
    name: ``x`` and ``x_name``. What is not UTF-8 in it becomes U+FFFD. What is no form stays as it
    is: it has no token.
    """
    found = _BOUNDARY.fullmatch(media_type)
    if found is None:
        return raw
    before, *parts, end = (b"\r\n" + raw).split(b"\r\n--" + found[1])
    if before or not end.startswith(b"--") or len(parts) > MAX_PARAMETERS:
        return raw
    return urlencode([pair for part in parts for pair in _fields_of(part)]).encode()


def _fields_of(part: bytes) -> Iterator[tuple[str, str | bytes]]:
    head, _, content = part.partition(b"\r\n\r\n")
    named, chosen = _NAME.search(head), _FILE_NAME.search(head)
    if named is None:
        return
    name = named[1].decode("ascii", "replace")
    if chosen is None:
        yield name, content
    elif chosen[1]:  # else no file was chosen
        yield name, content.decode("utf-8", "replace")
        yield f"{name}_name", chosen[1].decode("utf-8", "replace")


def read_pairs(raw: bytes) -> list[tuple[str, str]]:
    """Return names and texts as they were sent (``application/x-www-form-urlencoded``).

    Raises ``BodyMalformed``.
    """
    try:
        return parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise BodyMalformed("it is no form in UTF-8") from None


def shown_again(raw: bytes) -> list[tuple[str, str]]:
    """Return what a page may show again of a form: neither passwords nor its token."""
    try:
        pairs = read_pairs(raw)
    except BodyMalformed:
        return []
    return [(name, text) for name, text in pairs if name not in PASSWORDS | {TOKEN}]


# An amount as pages write it, such as "L$ 1,250"; a plus says nothing.
_WRITTEN: Final = re.compile(r"(?:L\$\s*)?\+?(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)")
_BOUNDARY: Final = re.compile(rb'multipart/form-data;\s*boundary="?([^\s";]{1,70})"?')
_NAME: Final = re.compile(rb'[; ]name="([^"\r\n]*)"')
_FILE_NAME: Final = re.compile(rb'[; ]filename="([^"\r\n]*)"')


def kept(raw: bytes, token: str | None = None) -> str:
    """Write a form without its passwords, to be sent again after a sign-in.

    ``token`` is one to put in the place of its own.
    """
    tokens = tokens_of(raw) if token is None else [token]
    return urlencode([*shown_again(raw), *((TOKEN, text) for text in tokens)])


def tokens_of(raw: bytes) -> list[str]:
    """Return the tokens that a form has: one, unless somebody tampered with it."""
    try:
        return [text for name, text in read_pairs(raw) if name == TOKEN]
    except BodyMalformed:
        return []


def decode_form(raw: bytes, browser: Browser, into: type[F]) -> F:
    """Decode a form, which must have its page's token.

    Raises ``FormOutdated``, ``BodyMalformed``, ``ValidationFailed``.
    """
    pairs = read_pairs(raw)
    tokens = tokens_of(raw)
    if len(tokens) != 1 or not hmac.compare_digest(tokens[0].encode(), browser.form_token.encode()):
        raise FormOutdated
    return decode_fields(pairs, into)


def decode_fields(pairs: Sequence[tuple[str, str]], into: type[F]) -> F:
    """Decode what people typed.

    A field that is empty counts as left out, spaces around a text don't count, a box that is ticked
    is true, and a number may be written as pages write it. Raises ``ValidationFailed`` of all that
    is wrong, in the order of the fields.
    """
    numbers = numbers_of(into)
    cleaned = [(name, text if name in WHOLE else unmarked(text).strip()) for name, text in pairs]
    read = [(name, _number(text) if name in numbers else text) for name, text in cleaned]
    typed = [(name, text) for name, text in read if text]
    more: Errors = into.complaints(dict(typed)) if issubclass(into, Checked) else {}
    try:
        form = decode_texts(typed, into)
    except ValidationFailed as failure:
        more = {**failure.errors, **more}
    if more:
        first = [name for name in into.__struct_fields__ if name in more]
        raise ValidationFailed({name: more[name] for name in [*first, *more]})
    return form


def _number(text: str) -> str:
    """Return a number in digits alone; what is none stays as it is, for the field to refuse."""
    found = _WRITTEN.fullmatch(text)
    return text if found is None else found[1] + found[2].replace(",", "")
