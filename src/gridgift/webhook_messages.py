"""What is posted of an event: all of it for a program, or a line for Discord; what comes of it."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gridgift.domain.events import Event
from gridgift.event_views import EventResponse

MAX_BODY: Final = 20_000  # bytes
MAX_CONTENT: Final = 2_000  # of Discord, in UTF-16 code units
QUOTED: Final = 200  # characters of a text that somebody wrote
MAX_WAIT: Final = 86_400.0  # seconds that a receiver may ask to be left alone
NO_MENTIONS: Final[dict[str, list[str]]] = {"parse": []}

_PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")


class Message(Struct, frozen=True):
    """What is posted: JSON under an id, signed with each of ``secrets`` (``whsec_…``)."""

    id: str
    url: str
    body: bytes
    secrets: tuple[str, ...] = ()


class Outcome(Struct, frozen=True):
    """What came of an attempt.

    ``status`` is None if no answer came, and then ``error`` says why. ``response`` is the beginning
    of the answer. ``wait`` is how many seconds the receiver wants to be left alone, ``MAX_WAIT`` at
    most, and 0 if it did not say.
    """

    status: int | None
    milliseconds: int
    response: str = ""
    error: str = ""
    wait: float = 0.0

    @property
    def delivered(self) -> bool:
        """Tell whether the receiver has it: no other answer than a 2xx counts."""
        return self.status is not None and 200 <= self.status < 300


class EventMessage(Struct, frozen=True, omit_defaults=True):
    """A body as Standard Webhooks advises it; ``data`` is the event as the feed has it."""

    type: str
    timestamp: str
    data: EventResponse
    truncated: bool = False


def event_body(event: Event) -> bytes:
    """Write the body for a program, of less than ``MAX_BODY`` bytes.

    A larger one is ``truncated``: ``before`` and ``after`` are null, ``about`` has only what is
    short, and the reason its beginning. The feed has the whole event under the same id.
    """
    shown = EventResponse.of(event)
    body = msgspec.json.encode(EventMessage(shown.type, shown.time, shown))
    if len(body) < MAX_BODY:
        return body
    about = {name: value for name, value in shown.about.items() if len(str(value)) <= QUOTED}
    cut = replace(shown, before=None, after=None, about=about, reason=shown.reason[:QUOTED])
    return msgspec.json.encode(EventMessage(shown.type, shown.time, cut, truncated=True))


def discord_body(event: Event, names: Mapping[str, str]) -> bytes:
    """Write the body for Discord: one line, of which nothing is a mention or markup but our own.

    ``names`` has usernames by UUID, of ``people_in`` the event.
    """
    shown = EventResponse.of(event)
    title = shown.type.replace(".", " ").replace("_", " ").capitalize()
    parts = [f"**{escaped(title)}**", *_told(shown, names)]
    content = _cut(" · ".join(parts))
    return msgspec.json.encode({"content": content, "allowed_mentions": NO_MENTIONS})


def people_in(event: Event) -> set[str]:
    """Return the UUIDs of the residents whom a line about an event names."""
    return set(_people(EventResponse.of(event)).values())


def escaped(text: str) -> str:
    """Write a text for Discord so that no part of it is markup, a mention, a link or an emoji."""
    short = text if len(text) <= QUOTED else f"{text[:QUOTED]}…"
    return _PUNCTUATION.sub(r"\\\g<0>", " ".join(short.split()))


def _told(shown: EventResponse, names: Mapping[str, str]) -> list[str]:
    """Tell what happened, in parts: who, how much, why."""
    about, after = shown.about, shown.after or {}
    parts = [f"{role} {escaped(names.get(uuid, uuid))}" for role, uuid in _people(shown).items()]
    if shown.delta:
        parts.append(f"L$ {shown.delta:+}")
    if "holdAmount" in about:
        parts.append(f"hold L$ {about['holdAmount']}")
    if "unitId" in about:
        parts += _of_unit(after)
    elif "operatorId" in about:
        parts += _of_operator(shown.before or {}, after)
    elif "bulkId" in about:
        parts += _of_bulk(after)
    elif "credit" in after:
        parts.append(f"now L$ {after['credit']}")
    if after.get("expiresAt") is not None:
        parts.append(f"until {escaped(after['expiresAt'])}")
    if "reference" in about:
        parts.append(f"reference {escaped(about['reference'])}")
    if shown.reason:
        parts.append(f"“{escaped(shown.reason)}”")
    return parts


def _of_unit(after: Mapping[str, Any]) -> list[str]:
    """Name a unit; and tell how much a payment to it was that went back, or is to."""
    amount = [f"L$ {after['amount']}"] if "amount" in after else []
    return [escaped(after["name"]), *amount]


def _of_operator(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name somebody of the team, and tell as what they work there since then."""
    return [escaped((after or before)["name"]), after.get("role", "not in the team any more")]


def _of_bulk(after: Mapping[str, Any]) -> list[str]:
    """Tell how many cards were granted, and for how much; events from before have no amount."""
    amount = [f"L$ {after['amount']}"] if "amount" in after else []
    refused = [f"{after['refused']} refused"] if after["refused"] else []
    return [f"{after['granted']} granted", *amount, *refused]


def _people(shown: EventResponse) -> dict[str, str]:
    """Return the residents whom a line names, by what they are in it."""
    about: dict[str, Any] = shown.about
    people = {"of": about.get("customerUuid"), "and": about.get("otherCustomerUuid")}
    before = (shown.before or {}).get("ownerUuid")
    if before != people["of"]:
        people["from"] = before
    return {role: uuid for role, uuid in people.items() if uuid}


def _cut(text: str) -> str:
    """Cut a text to what Discord takes."""
    units = text.encode("utf-16-le")[: 2 * MAX_CONTENT]
    return units.decode("utf-16-le", "ignore")
