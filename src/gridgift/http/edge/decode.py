"""From bytes to values: query strings and JSON bodies, with every complaint by field."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from gridgift.domain.failures import ValidationFailed
from gridgift.domain.numbers import whole
from gridgift.http.edge.refusals import (
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    MediaTypeUnsupported,
)
from gridgift.http.edge.timeouts import RunningTimeout

MAX_BODY: Final = 64 * 1024  # bytes
BODY_SECONDS: Final = 10
MAX_PARAMETERS: Final = 100
MAX_REMEMBERED: Final = 1024  # bytes of a query string

_JSON_TYPE: Final = re.compile(rb"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_ELEMENT: Final = re.compile(r"`\$\[([0-9]+)\]`$")  # where msgspec says that a value is wrong
_LOST_PLUS: Final = re.compile(r".*\d [0-9]{2}:[0-9]{2}", re.ASCII)  # decoded to a space
_BOOLEANS: Final = {"true": True, "false": False}

S = TypeVar("S", bound=Struct)


class _NoInteger:
    """Stands for a number that is not whole, or too large: no field of ours takes one."""


class _NotOurJson(ValueError):
    """Text that Python's parser takes, and that is no JSON or ambiguous."""


async def read_body(
    headers: dict[bytes, bytes], receive: Receive, limit: int = MAX_BODY, *, keep: bool = True
) -> bytes:
    """Read a request's body; return it, or nothing unless it is to be kept.

    Raises ``BodyTooLarge`` over ``limit`` bytes, ``BodyTooSlow`` after 10 s in which this process
    ran, and Starlette's ``ClientDisconnect`` if the client hangs up before the end.
    """
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise BodyTooLarge(limit)
    chunks, size = [], 0
    try:
        with RunningTimeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > limit:
                    raise BodyTooLarge(limit)
                if keep:
                    chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        raise BodyTooSlow(BODY_SECONDS) from None


async def discard_body(
    headers: dict[bytes, bytes], receive: Receive, limit: int = MAX_BODY
) -> bool:
    """Read a body that nobody wants, so that the connection can carry the next request.

    Return whether there is no rest of it; one that is too large or too slow is left alone.
    """
    if not has_body(headers):
        return True
    try:
        await read_body(headers, receive, limit, keep=False)
    except (BodyTooLarge, BodyTooSlow):
        return False
    return True


def has_body(headers: dict[bytes, bytes]) -> bool:
    """Tell whether a request comes with a body (RFC 9112, 6)."""
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def is_coded(headers: dict[bytes, bytes]) -> bool:
    """Tell whether a body is compressed, say: ``identity`` is no coding (RFC 9110, 8.4.1)."""
    codings = headers.get(b"content-encoding", b"").lower().split(b",")
    return any(coding.strip() not in {b"", b"identity"} for coding in codings)


def says_nothing(raw: bytes) -> bool:
    """Tell whether a body is what clients send for none: nothing, ``{}``, ``[]`` or ``null``.

    PHP writes an empty array as ``[]``, and JavaScript's clients send ``null`` or ``{}``.
    """
    try:
        return not raw.strip() or _parse_json(raw) in (None, {}, [])
    except BodyMalformed:
        return False


def decode_body(
    raw: bytes, headers: dict[bytes, bytes], into: type[S], *, required: bool = True
) -> S:
    """Decode one JSON object into a struct; members that the struct lacks are ignored.

    Where a body is not ``required``, one that says nothing leaves every field at its default.
    Raises ``BodyMalformed``, ``MediaTypeUnsupported``, ``ValidationFailed``.
    """
    if not required and says_nothing(raw):
        return _convert({}, into)
    if not raw:
        raise BodyMalformed("it is empty")
    media_type = headers.get(b"content-type", b"")
    if not _JSON_TYPE.fullmatch(media_type.strip()) or is_coded(headers):
        raise MediaTypeUnsupported
    return decode_object(raw, into)


def decode_object(raw: bytes, into: type[S]) -> S:
    """Decode the text of one JSON object. Raises ``BodyMalformed``, ``ValidationFailed``."""
    value = _parse_json(raw)
    if not isinstance(value, dict):
        raise BodyMalformed("it is something else")
    return _convert(value, into)


def decode_query(raw: bytes, into: type[S]) -> S:
    """Decode a query string into a struct; unknown parameters are ignored.

    Raises ``ValidationFailed``.
    """
    return _remembered_query(raw, into) if len(raw) <= MAX_REMEMBERED else _decode_query(raw, into)


def decode_texts(pairs: Iterable[tuple[str, str]], into: type[S]) -> S:
    """Decode names with texts into a struct; unknown ones are ignored, and a list has several.

    Raises ``ValidationFailed``.
    """
    values: dict[str, Any] = {}
    errors: dict[str, Sequence[str]] = {}
    fields = _fields(into)
    for name, text in pairs:
        if name not in fields:
            continue
        if fields[name].basic is list:
            values.setdefault(name, []).append(text)
            continue
        if name in values:
            errors[name] = ["must be given once"]
        values[name] = _from_text(text, fields[name].basic)
    if errors:
        raise ValidationFailed(errors)
    return _convert(values, into)


def numbers_of(into: type[Struct]) -> frozenset[str]:
    """Return the names of a struct's fields that are whole numbers."""
    return frozenset(name for name, field in _fields(into).items() if field.basic is int)


def _decode_query(raw: bytes, into: type[S]) -> S:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise ValidationFailed({"query": ["must be percent-encoded UTF-8"]}) from None
    return decode_texts(pairs, into)


# the same few come again and again: the structs can't be changed
_remembered_query: Final = lru_cache(maxsize=64)(_decode_query)


class _Field(Struct, frozen=True):
    """A struct's field: its type, the plain type inside, and what to say of a bad value.

    A value that ``parse`` makes None of is bad too: what a type can't say, such as a date. So is a
    text of which a ``pattern`` leaves something: to msgspec, a "$" lets a newline follow.
    """

    name: str
    annotation: Any
    basic: type
    required: bool
    complaint: str
    parse: Callable[[Any], Any] | None
    pattern: re.Pattern[str] | None

    def takes(self, value: Any) -> bool:
        """Tell whether a value of the right type, or None, is a good one."""
        pattern = self.pattern if isinstance(value, str) else None
        if pattern is not None and not pattern.fullmatch(value):
            return False
        return value is None or self.parse is None or self.parse(value) is not None


@lru_cache
def _fields(into: type[Struct]) -> dict[str, _Field]:
    fields = {}
    for field in msgspec.structs.fields(into):
        fields[field.encode_name] = _Field(
            name=field.name,
            annotation=field.type,
            basic=_basic(field.type),
            required=field.required,
            complaint=str(_extra(field.type, "says") or _usual_complaint(field.type)),
            parse=_extra(field.type, "parse"),
            pattern=_pattern(field.type),
        )
    return fields


def _convert(values: dict[str, Any], into: type[S]) -> S:
    """Convert field by field, so that one answer names every mistake."""
    converted: dict[str, Any] = {}
    errors: dict[str, Sequence[str]] = {}
    fields = _fields(into)
    if into.__struct_config__.forbid_unknown_fields:
        errors = {name: ["is not known"] for name in values.keys() - fields.keys()}
    for name, field in fields.items():
        if name in values:
            if issubclass(field.basic, Struct) and isinstance(values[name], dict):
                try:
                    converted[field.name] = _convert(values[name], field.basic)
                except ValidationFailed as inside:
                    errors |= {f"{name}.{inner}": said for inner, said in inside.errors.items()}
                continue
            try:
                value = msgspec.convert(values[name], field.annotation)
            except (msgspec.ValidationError, UnicodeEncodeError) as error:  # a lone surrogate
                is_single = field.basic is list and not isinstance(values[name], list)
                complaint = "must be a list" if is_single else field.complaint
                errors[name] = [complaint + _place(error)]
                continue
            if not field.takes(value):
                errors[name] = [field.complaint + _plus(value)]
            converted[field.name] = value
        elif field.required:
            errors[name] = ["is required"]
    if errors:
        raise ValidationFailed(errors)
    return into(**converted)


def _place(error: Exception) -> str:
    """Say which element of a list is wrong, if it is one of them."""
    found = _ELEMENT.search(str(error))
    return f" (number {int(found[1]) + 1} is not)" if found else ""


def _plus(value: Any) -> str:
    """Say how a plus is written in an address, if a time's zone has lost it there."""
    lost = isinstance(value, str) and _LOST_PLUS.fullmatch(value)
    return " (a + is written %2B in an address)" if lost else ""


def _from_text(text: str, basic: type) -> Any:
    """Read a query parameter's text; what does not fit stays text and fails conversion."""
    if basic is int:
        return int(text) if _INTEGER.fullmatch(text) else text
    if basic is bool:
        return _BOOLEANS.get(text.lower(), text)
    return text


def _parse_json(raw: bytes) -> Any:
    try:
        return _decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise BodyMalformed("its text is not UTF-8") from None
    except RecursionError:
        raise BodyMalformed("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise BodyMalformed(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except _NotOurJson as error:
        raise BodyMalformed(str(error)) from None
    except ValueError:  # Python converts integers of some thousand digits at most
        raise BodyMalformed("it has a number of too many digits") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotOurJson("a member is there twice")
    return members


def _no_constant(text: str) -> Any:
    raise _NotOurJson(f"{text} is no JSON")


def _number(text: str) -> int | _NoInteger:
    """Read a number with a point or an exponent: JSON has one type for all (contract 1.5)."""
    found = whole(text)
    return _NoInteger() if found is None else found


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=_number, parse_constant=_no_constant
)


def _metas(annotation: Any) -> list[msgspec.Meta]:
    found = []
    for part in (annotation, *get_args(annotation)):
        if get_origin(part) is Annotated:
            found += [meta for meta in part.__metadata__ if isinstance(meta, msgspec.Meta)]
    return found


def _extra(annotation: Any, name: str) -> Any:
    """Find what a type's ``Meta`` says under a name in ``extra``: ``says`` or ``parse``."""
    extras = [meta.extra for meta in _metas(annotation) if meta.extra]
    return next((extra[name] for extra in extras if name in extra), None)


def _pattern(annotation: Any) -> re.Pattern[str] | None:
    patterns = [meta.pattern for meta in _metas(annotation) if meta.pattern is not None]
    return re.compile(patterns[0]) if patterns else None


def _usual_complaint(annotation: Any) -> str:
    if words := _words(annotation):
        return f"must be one of {', '.join(words)}"
    return {bool: "must be true or false", int: "must be an integer"}.get(
        _basic(annotation), "must be a string"
    )


def _words(annotation: Any) -> tuple[str, ...]:
    """Return the words of ``Literal[…]``, also inside of another type."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next(filter(None, map(_words, get_args(annotation))), ())


def _basic(annotation: Any) -> type:
    """Find the plain type in ``Annotated[…]``, ``Literal[…]``, ``… | None`` or several of them.

    That of a list of anything is ``list``.
    """
    if isinstance(annotation, type):
        return annotation
    parts = get_args(annotation)
    if get_origin(annotation) is list:
        return list
    if get_origin(annotation) is Annotated:
        return _basic(parts[0])
    if get_origin(annotation) is Literal:
        return type(parts[0])
    return _basic(next(part for part in parts if part is not type(None)))
