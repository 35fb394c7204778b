"""What objects in Second Life ask for: pairing, claims, and a resident's wallet (section 9)."""

from datetime import date
from functools import partial
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gridgift.domain import claims, failures, transfers, units, wallets
from gridgift.domain.claims import Claimant
from gridgift.domain.ids import new_id
from gridgift.domain.model import NIL_UUID, CardChange, Resident
from gridgift.domain.redemption import REDEEM_REFUSALS
from gridgift.domain.residents import parse_identifier, parse_username
from gridgift.domain.unit_failures import PairingCodeInvalid
from gridgift.domain.wallets import Redeemed, Wallet
from gridgift.fields import USERNAME_SCHEMA, Credit, Identifier, Uuid
from gridgift.http.edge.answers import write
from gridgift.http.edge.in_world import IN_WORLD, Code, Message
from gridgift.http.edge.limits import count_failure
from gridgift.http.edge.refusals import ObjectNotPaired
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.http.edge.unit import Pairing, Unit, UnitRequest, once
from gridgift.messages import say
from gridgift.unit_views import CODE_EXAMPLE, UNIT_EXAMPLE
from gridgift.views import CARD_EXAMPLE

TAG: Final = Tag(
    "In-world",
    "What scripts in Second Life send, signed with the secret of a paired unit. Answers are flat "
    "JSON with a code for the script and a sentence for the resident.",
)


def _parse_born(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2007-05-30") else None
    except ValueError:
        return None


def _parse_seen(text: str) -> str | None:
    """Read what llGetUsername returns: a username, or nothing of someone who has gone."""
    try:
        return parse_username(text) if text else text
    except failures.IdentifierMalformed:
        return None


def _parse_avatar(text: str) -> str | None:
    return None if text == NIL_UUID else text.lower()


Avatar = Annotated[
    Uuid,
    Meta(
        description="The resident's avatar.",
        extra={"parse": _parse_avatar},
        extra_json_schema={"not": {"const": NIL_UUID}},
    ),
]
Somebody = Annotated[
    Uuid,
    Meta(extra={"parse": _parse_avatar}, extra_json_schema={"not": {"const": NIL_UUID}}),
]
Seen = Annotated[
    str,
    Meta(
        description="The avatar's username, as llGetUsername tells it; empty if it does not.",
        extra={"says": "must be a username like kelly.moonwall, or empty", "parse": _parse_seen},
        extra_json_schema={"anyOf": [USERNAME_SCHEMA, {"const": ""}]},
    ),
]
Flag = Annotated[int, Meta(ge=0, le=1, description="1: yes.", extra={"says": "must be 0 or 1"})]
Born = Annotated[
    str,
    Meta(
        description="When the account began, as DATA_BORN tells it; only some units ask.",
        extra={"says": "must be a date like 2007-05-30", "parse": _parse_born},
        extra_json_schema={"format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    ),
]
Language = Annotated[
    str,
    Meta(
        max_length=16,
        pattern="^[A-Za-z-]*$",
        description="The resident's language, as llGetAgentLanguage tells it.",
        extra={"says": "must be a language like en-us"},
    ),
]
TypedCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32,
        description="The code, as a person has typed it.",
        extra={"says": "must have 1 to 32 characters"},
    ),
]


class PairObjectRequest(Struct, frozen=True):
    """The code from the dashboard, the object's own key and its owner's."""

    code: TypedCode
    obj: Somebody
    owner: Somebody
    lang: Language = ""


class ClaimRequest(Struct, frozen=True):
    """Who has touched the object, and which object that was."""

    avatar: Avatar
    name: Seen
    group: Flag
    obj: Uuid
    owner: Uuid
    born: Born | None = None
    lang: Language = ""


class WalletRequest(Struct, frozen=True):
    """Who has touched the terminal."""

    avatar: Avatar
    name: Seen
    lang: Language = ""


class RedeemCardRequest(Struct, frozen=True):
    """Which card of the resident's to redeem."""

    avatar: Avatar
    card: Uuid
    lang: Language = ""


class PassOnRequest(Struct, frozen=True):
    """Which card of the resident's to pass on, and to whom."""

    avatar: Avatar
    card: Uuid
    friend: Identifier
    lang: Language = ""


class PairAnswer(Struct, frozen=True):
    """The secret with which the object signs from now on, for the only time."""

    code: Code
    msg: Message
    kind: str
    secret: str


class ClaimAnswer(Struct, frozen=True):
    """The card that the resident has now."""

    code: Code
    msg: Message
    credit: Credit
    card: Uuid


class WalletAnswer(Struct, frozen=True):
    """The resident's store credit, and the first nine cards: ``id|credit,id|credit``."""

    code: Code
    msg: Message
    credit: int
    cards: str
    more: Flag


class RedeemAnswer(Struct, frozen=True):
    """The resident's store credit after it."""

    code: Code
    msg: Message
    credit: int


class TransferAnswer(Struct, frozen=True):
    """Who has the card now."""

    code: Code
    msg: Message
    friend: str


async def pair_object(request: UnitRequest[None, PairObjectRequest]) -> Reply[PairAnswer]:
    """Pair an object with its unit, by a code."""
    body, unit = request.body, request.principal.unit
    pairing = (request.caller, unit.id, body.code, body.obj.lower(), body.owner.lower())
    # codes are short: nobody may try many, however many are sent at once
    await count_failure(request)
    paired = await write(request, units.pair, *pairing)
    request.services.credentials.heard.note(paired, request.services.ticks())
    secret = request.services.credentials.unit_secret(paired)
    return Reply.json(PairAnswer("paired", say("paired", body.lang), paired.kind, secret))


async def claim_gift_card(request: UnitRequest[None, ClaimRequest]) -> Reply[ClaimAnswer]:
    """Give a resident the unit's card."""
    body, unit = request.body, request.principal.unit
    if (body.obj.lower(), body.owner.lower()) != (unit.object_uuid, unit.object_owner_uuid):
        raise ObjectNotPaired
    born = None if body.born is None else _parse_born(body.born)
    claimant = Claimant(resident_of(body.avatar, body.name), bool(body.group), born)
    show = partial(_show_claim, body.lang)
    return await once(request, show, claims.claim, request.caller, unit.id, claimant, new_id())


async def get_wallet(request: UnitRequest[None, WalletRequest]) -> Reply[WalletAnswer]:
    """Tell a resident's store credit, and which cards can be redeemed."""
    body = request.body
    seen, show = resident_of(body.avatar, body.name), partial(_show_wallet, body.lang)
    return await once(request, show, wallets.read, request.store_id, seen)


async def redeem_gift_card(request: UnitRequest[None, RedeemCardRequest]) -> Reply[RedeemAnswer]:
    """Redeem a card of a resident's."""
    body = request.body
    owner, show = resident_of(body.avatar), partial(_show_redeemed, body.lang)
    card_id = body.card.lower()
    return await once(request, show, wallets.redeem, request.caller, owner, card_id, new_id())


async def pass_gift_card_on(request: UnitRequest[None, PassOnRequest]) -> Reply[TransferAnswer]:
    """Pass a card of a resident's on to a friend."""
    body = request.body
    owner, friend = resident_of(body.avatar), parse_identifier(body.friend)
    show, card_id = partial(_show_transfer, body.lang), body.card.lower()
    return await once(request, show, transfers.transfer, request.caller, owner, card_id, friend)


def resident_of(avatar: str, name: str = "") -> Resident:
    """Return who was seen; without a name they are called by the UUID."""
    uuid = avatar.lower()
    return Resident(uuid, parse_username(name) if name else uuid)


def _show_claim(language: str, change: CardChange) -> Reply[ClaimAnswer]:
    card = change.card
    msg = say("granted", language, credit=card.credit)
    return Reply.json(ClaimAnswer("granted", msg, card.credit, card.id))


def _show_wallet(language: str, wallet: Wallet) -> Reply[WalletAnswer]:
    cards = ",".join(f"{card.id}|{card.credit}" for card in wallet.cards)
    msg = say("wallet", language, credit=wallet.credit, count=len(wallet.cards))
    return Reply.json(WalletAnswer("wallet", msg, wallet.credit, cards, int(wallet.more)))


def _show_redeemed(language: str, done: Redeemed) -> Reply[RedeemAnswer]:
    msg = say("redeemed", language, amount=done.amount, credit=done.credit)
    return Reply.json(RedeemAnswer("redeemed", msg, done.credit))


def _show_transfer(language: str, change: CardChange) -> Reply[TransferAnswer]:
    card = change.card
    msg = say("transferred", language, credit=card.credit, friend=card.owner_username)
    return Reply.json(TransferAnswer("transferred", msg, card.owner_username))


_AVATAR: Final[dict[str, Any]] = {"avatar": CARD_EXAMPLE["ownerUuid"], "lang": "en-us"}
_OBJECT: Final[dict[str, Any]] = {
    "obj": UNIT_EXAMPLE["objectUuid"],
    "owner": UNIT_EXAMPLE["objectOwnerUuid"],
}
_CARD: Final[dict[str, Any]] = {"card": CARD_EXAMPLE["id"]}
_NAME: Final = {"name": CARD_EXAMPLE["ownerUsername"]}


def _said(key: str, **values: Any) -> dict[str, Any]:
    return {"code": key, "msg": say(key, "en", **values)}


ROUTES: Final = (
    Route(
        "POST",
        f"{IN_WORLD}pair",
        Pairing(),
        pair_object,
        tag=TAG,
        summary="Pair an object with its unit",
        description="By a code, which is good once, for 15 minutes. From then on only this object "
        "is heard, and the secret is told to nobody again.",
        body=PairObjectRequest,
        body_example={"code": CODE_EXAMPLE["code"], **_OBJECT, "lang": "en-us"},
        answer=PairAnswer,
        example=_said("paired") | {"kind": "delivery", "secret": "dGhlIHNlY3JldCBvZiBhIHVuaXQ"},
        refusals=(PairingCodeInvalid,),
    ),
    Route(
        "POST",
        f"{IN_WORLD}claim",
        Unit("delivery"),
        claim_gift_card,
        tag=TAG,
        summary="Give a resident the unit's card",
        description="Each resident has one in a round.",
        body=ClaimRequest,
        body_example=_AVATAR | _NAME | {"group": 1} | _OBJECT,
        answer=ClaimAnswer,
        example=_said("granted", credit=100) | {"credit": 100} | _CARD,
        refusals=claims.CLAIM_REFUSALS,
    ),
    Route(
        "POST",
        f"{IN_WORLD}wallet",
        Unit("terminal"),
        get_wallet,
        tag=TAG,
        summary="Tell a resident's store credit and cards",
        description="The first nine that can be redeemed, oldest first.",
        body=WalletRequest,
        body_example=_AVATAR | _NAME,
        answer=WalletAnswer,
        example=_said("wallet", credit=750, count=1)
        | {"credit": 750, "cards": f"{CARD_EXAMPLE['id']}|500", "more": 0},
    ),
    Route(
        "POST",
        f"{IN_WORLD}redeem",
        Unit("terminal"),
        redeem_gift_card,
        tag=TAG,
        summary="Redeem a card of a resident's",
        description="Its whole credit becomes store credit.",
        body=RedeemCardRequest,
        body_example=_AVATAR | _CARD,
        answer=RedeemAnswer,
        example=_said("redeemed", amount=500, credit=1250) | {"credit": 1250},
        refusals=REDEEM_REFUSALS,
    ),
    Route(
        "POST",
        f"{IN_WORLD}transfer",
        Unit("terminal"),
        pass_gift_card_on,
        tag=TAG,
        summary="Pass a card of a resident's on",
        description="To a friend, by a username or an avatar UUID. It can't be undone.",
        body=PassOnRequest,
        body_example=_AVATAR | _CARD | {"friend": "jo.winter"},
        answer=TransferAnswer,
        example=_said("transferred", credit=500, friend="jo.winter") | {"friend": "jo.winter"},
        refusals=transfers.TRANSFER_REFUSALS,
    ),
)
