"""Forms: from what a browser sends to a struct, and back to the page with what is wrong."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from msgspec import Meta, Struct

from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.http.edge.decode import MAX_PARAMETERS, decode_texts
from gridgift.http.edge.refusals import BodyMalformed, FormOutdated
from gridgift.http.edge.session import Browser

F = TypeVar("F", bound=Struct)

TOKEN: Final = "form_token"  # noqa: S105 - the field's name
# A field of what must never be written into a page again, nor have its spaces cut off.
Password = Annotated[str, Meta(extra={"says": "is required"})]
PASSWORDS: Final = frozenset({"password", "new_password", "password_again"})


class NoFields(Struct, frozen=True):
    """A form that is only a button."""


class Draft(Struct, frozen=True):
    """What was typed into a form, and what is wrong: field by field, and with the whole."""

    values: Mapping[str, Sequence[str]] = {}
    errors: Mapping[str, Sequence[str]] = {}
    message: str = ""

    @classmethod
    def refused(cls, raw: bytes, failure: Failure) -> "Draft":
        """Return what was typed, with why it was refused; passwords are to be typed again."""
        values: dict[str, list[str]] = {}
        for name, text in shown_again(raw):
            values.setdefault(name, []).append(text)
        if isinstance(failure, ValidationFailed):
            return cls(values, failure.errors)
        return cls(values, message=failure.detail)

    def value(self, name: str, otherwise: Any = "") -> Any:
        """Return the text of a field, or what it has at first."""
        return self.values[name][0] if name in self.values else otherwise

    def has(self, name: str, value: str, otherwise: bool = False) -> bool:
        """Tell whether a field that may have several values has this one."""
        return value in self.values.get(name, ()) if self.values else otherwise


EMPTY: Final = Draft()


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


def kept(raw: bytes) -> str:
    """Write a form without its passwords, to be sent again after a sign-in."""
    return urlencode([*shown_again(raw), *((TOKEN, text) for text in tokens_of(raw))])


def tokens_of(raw: bytes) -> list[str]:
    """Return the tokens that a form has: one, unless somebody tampered with it."""
    try:
        return [text for name, text in read_pairs(raw) if name == TOKEN]
    except BodyMalformed:
        return []


def decode_form(raw: bytes, browser: Browser, into: type[F]) -> F:
    """Decode a form, which must have its page's token.

    A field that is empty counts as left out, spaces around a text don't count, and a box that is
    ticked is true. Raises ``FormOutdated``, ``BodyMalformed``, ``ValidationFailed``.
    """
    pairs = read_pairs(raw)
    tokens = tokens_of(raw)
    if len(tokens) != 1 or not hmac.compare_digest(tokens[0].encode(), browser.form_token.encode()):
        raise FormOutdated
    cleaned = [(name, text if name in PASSWORDS else text.strip()) for name, text in pairs]
    return decode_texts([(name, text) for name, text in cleaned if text], into)
