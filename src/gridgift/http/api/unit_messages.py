"""What terminals in Second Life tell residents of: new cards (contract section 9)."""

import secrets
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct

from gridgift.domain import announcements
from gridgift.domain.announcements import Announcement, Links
from gridgift.domain.ids import new_id
from gridgift.domain.instants import HOUR
from gridgift.domain.keys import RANDOM_BYTES, NewCredential
from gridgift.http.api.in_world import TAG, Language
from gridgift.http.edge.customer_token import CUSTOMER_TOKEN
from gridgift.http.edge.in_world import IN_WORLD, Code, Message
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.edge.unit import Unit, UnitRequest, write
from gridgift.messages import say
from gridgift.views import CARD_EXAMPLE

IDLE: Final = 20  # seconds until the next request, if nobody is to be told anything
BUSY: Final = 2  # as long as an object sleeps after an instant message
LONGEST_NAME: Final = 60  # characters of a store's name

_ID: Final = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

Sent = Annotated[
    str,
    Meta(
        max_length=400,
        pattern=rf"^({_ID}(,{_ID})*)?$",
        description="The ids of the messages that were sent, separated by commas.",
        extra={"says": "must be ids of messages, separated by commas"},
    ),
]


class MessagesRequest(Struct, frozen=True):
    """What the terminal has sent."""

    sent: Sent = ""
    lang: Language = ""


class MessagesAnswer(Struct, frozen=True):
    """What to send now: ``text``, to ``avatar``; all three are empty if there is nothing."""

    code: Code
    msg: Message
    id: str
    avatar: str
    text: str
    wait: Annotated[int, Meta(description="Seconds until the next request.")]


async def take_message(request: UnitRequest[None, MessagesRequest]) -> Reply[MessagesAnswer]:
    """Note what a terminal has sent, and tell it the next message."""
    body, services = request.body, request.services
    links = Links(
        services.credentials.of(CUSTOMER_TOKEN).signer,
        services.settings.token_hours * HOUR,
        services.settings.public_url,
        NewCredential(new_id(), secrets.token_bytes(RANDOM_BYTES)),
    )
    sent = [each.lower() for each in body.sent.split(",") if each]
    told = await write(request, announcements.take, request.caller, sent, links)
    answer = partial(MessagesAnswer, "messages", say("messages", body.lang))
    if told is None:
        return Reply.json(answer("", "", "", IDLE))
    return Reply.json(answer(told.card_id, told.resident_uuid, _text(told), BUSY))


def _text(told: Announcement) -> str:
    store = told.store[:LONGEST_NAME]
    said = say("announcement", told.language, credit=told.credit, store=store)
    return f"{said} {told.link}".rstrip()


ROUTES: Final = (
    Route(
        "POST",
        f"{IN_WORLD}messages",
        Unit("terminal"),
        take_message,
        tag=TAG,
        summary="Tell residents of their new cards",
        description="One message at a time. One that is not in `sent` within a minute is told "
        "again; nothing is kept under the nonce.",
        body=MessagesRequest,
        body_example={"sent": CARD_EXAMPLE["id"], "lang": "en-us"},
        answer=MessagesAnswer,
        example={
            "code": "messages",
            "msg": say("messages", "en"),
            "id": CARD_EXAMPLE["id"],
            "avatar": CARD_EXAMPLE["ownerUuid"],
            "text": say("announcement", "en", credit=500, store="Moonwall Couture"),
            "wait": BUSY,
        },
    ),
)
