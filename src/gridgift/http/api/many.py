"""One action on many gift cards: enabled, disabled, extended or tagged (contract section 10)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import many, stores
from gridgift.domain.card_filters import Filters
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.idempotency import Answered, IdempotencyKey, Once, Run, key_of_part
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.many import CARDS_AT_ONCE, DIGEST_BYTES, MAX_CHOSEN, Action, Outcome, word
from gridgift.fields import CardIds, Days, Expiry, Tags, Text, instant_of
from gridgift.http.api.giftcards import EXTENSION_TAG, WRITE
from gridgift.http.api.search import CardFilters
from gridgift.http.edge.answers import joined, sent
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.endpoint import BULK_RETRY
from gridgift.http.edge.refusals import RateLimited, SelectionDiffers, TooManyGiftCards
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.edge.shapes import has, lacks
from gridgift.many_views import CardResult, ManyCardsResponse
from gridgift.selection import find_all
from gridgift.storage.database import Tx
from gridgift.views import (
    CARD_EXAMPLE,
    DETAILS_EXAMPLE,
    LABELS_EXAMPLE,
)

PATH: Final = "/ext/v1/giftcards/actions"

R = TypeVar("R", bound="ManyCardsRequest")


class ManyCardsRequest(Struct, frozen=True, rename="camel", kw_only=True):
    """Which cards: by their ids, or all that a filter finds, with what its dry run answered."""

    refused_shapes: ClassVar[tuple[dict[str, Any], ...]] = (
        has("ids", "filter"),
        lacks("ids", "filter"),
        lacks("ids", "selection", dryRun={"const": False}),
    )

    ids: CardIds | UnsetType = UNSET
    filter: (
        Annotated[CardFilters, Meta(extra={"says": "must be an object of filters"})] | UnsetType
    ) = UNSET
    selection: (
        Annotated[
            str,
            Meta(
                pattern=f"^[0-9a-f]{{{2 * DIGEST_BYTES}}}$",
                max_length=2 * DIGEST_BYTES,  # "$" alone would let a newline follow
                description="What the dry run of a filter answered with.",
                extra={"says": "must be what the dry run answered with"},
            ),
        ]
        | UnsetType
    ) = UNSET
    dry_run: Annotated[bool, Meta(description="Only say what would happen.")] = False
    reason: Annotated[Text, Meta(description="For the cards' ledgers.")] | UnsetType = UNSET

    def check(self) -> None:
        """Raise ``ValidationFailed`` unless it is clear which cards are meant."""
        if isinstance(self.ids, UnsetType) is isinstance(self.filter, UnsetType):
            raise ValidationFailed({"ids": ["must be given, or filter, and not both"]})
        by_filter = isinstance(self.ids, UnsetType)
        if by_filter and not self.dry_run and isinstance(self.selection, UnsetType):
            raise ValidationFailed({"selection": ["is required: the dry run answers with it"]})

    @property
    def why(self) -> str:
        """The reason for the ledger, or nothing."""
        return "" if isinstance(self.reason, UnsetType) else self.reason


class ExtendManyRequest(ManyCardsRequest, frozen=True, rename="camel", kw_only=True):
    """Until when: a date, null for never, or a number of days."""

    refused_shapes = (
        *ManyCardsRequest.refused_shapes,
        has("days", "expiresAt"),
        lacks("days", "expiresAt"),
    )

    expires_at: Expiry | None | UnsetType = UNSET
    days: Days | UnsetType = UNSET

    def action(self, zone: str) -> Action:
        """Return what to do; days are those of a time zone. Raises ``ValidationFailed``."""
        if isinstance(self.expires_at, UnsetType) is isinstance(self.days, UnsetType):
            raise ValidationFailed({"days": ["must be given, or expiresAt, and not both"]})
        if isinstance(self.expires_at, UnsetType):
            assert isinstance(self.days, int)
            return many.extending_by(self.days, zone, self.why)
        return many.extending_to(instant_of(self.expires_at), self.why)


class TagManyRequest(ManyCardsRequest, frozen=True, rename="camel", kw_only=True):
    """Which tags to add to the cards' own, and which to take away."""

    # JSON Schema can't say that no tag is in both.
    refused_shapes = (
        *ManyCardsRequest.refused_shapes,
        lacks(add={"maxItems": 0}, remove={"maxItems": 0}),
    )

    add: Tags = []
    remove: Tags = []

    def action(self) -> Action:
        """Return what to do. Raises ``ValidationFailed``."""
        if not self.add and not self.remove:
            raise ValidationFailed({"add": ["must have a tag, or remove must"]})
        return many.tagging(self.add, self.remove, self.why)


class _Part(Struct, frozen=True):
    """Some of the cards, as they are stored under a key; the first part has all their ids.

    ``run`` is an id of the first part's own. The rest of an answer may be written anew, when a
    resident is erased.
    """

    changed: int
    unchanged: int
    refused: int
    results: list[msgspec.Raw]
    ids: list[str] = []
    run: str = ""

    @classmethod
    def of(
        cls, card_ids: Sequence[str], outcomes: Sequence[Outcome], ids: list[str], run: str = ""
    ) -> Self:
        """Write what came of some cards."""
        words = [word(outcome) for outcome in outcomes]
        pairs = zip(card_ids, outcomes, strict=True)
        results = [msgspec.Raw(msgspec.json.encode(CardResult.of(*pair))) for pair in pairs]
        counts = (words.count("changed"), words.count("unchanged"), words.count("refused"))
        return cls(*counts, results, ids, run)


class _JoinedBody(Struct, frozen=True, rename="camel"):
    """The answer, each result as it is in JSON."""

    dry_run: bool
    selection: str
    changed: int
    unchanged: int
    refused: int
    results: list[msgspec.Raw]

    @classmethod
    def of(cls, ids: Sequence[str], parts: Sequence[_Part], *, dry_run: bool) -> Self:
        """Put all parts together."""
        return cls(
            dry_run,
            many.digest(ids),
            sum(part.changed for part in parts),
            sum(part.unchanged for part in parts),
            sum(part.refused for part in parts),
            [result for part in parts for result in part.results],
        )


class _Wanted(Struct, frozen=True):
    """What is to be done: which cards were found, by which filters (None: named by their ids)."""

    action: Action
    ids: list[str]
    matching: Filters | None
    selection: str | UnsetType

    def check(self) -> None:
        """Raise ``TooManyGiftCards``, or ``SelectionDiffers`` from what a dry run showed."""
        if len(self.ids) > MAX_CHOSEN:
            raise TooManyGiftCards(MAX_CHOSEN)
        if self.selection is not UNSET and self.selection != many.digest(self.ids):
            raise SelectionDiffers(len(self.ids))


async def enable_gift_cards(
    request: KeyRequest[None, ManyCardsRequest],
) -> Reply[ManyCardsResponse]:
    """Make many cards active."""
    return await _act(request, many.switching(active=True, reason=request.body.why))


async def disable_gift_cards(
    request: KeyRequest[None, ManyCardsRequest],
) -> Reply[ManyCardsResponse]:
    """Make many cards inactive."""
    return await _act(request, many.switching(active=False, reason=request.body.why))


async def extend_gift_cards(
    request: KeyRequest[None, ExtendManyRequest],
) -> Reply[ManyCardsResponse]:
    """Let many cards expire later, or never."""
    store = await request.operations.read(stores.read, request.store_id)
    return await _act(request, request.body.action(store.time_zone))


async def tag_gift_cards(request: KeyRequest[None, TagManyRequest]) -> Reply[ManyCardsResponse]:
    """Give many cards tags, and take others away."""
    return await _act(request, request.body.action())


async def _act(request: KeyRequest[None, R], action: Action) -> Reply[ManyCardsResponse]:
    """Do it to all cards, or tell what it would come to."""
    body = request.body
    body.check()
    with _place(request):
        if isinstance(body.filter, CardFilters):
            filters = body.filter.filters()
            ids = await find_all(request.operations, request.store_id, filters, MAX_CHOSEN)
            wanted = _Wanted(action, ids, filters, body.selection)
        else:
            named = body.ids if isinstance(body.ids, list) else []
            ids = list(dict.fromkeys(parse_uuid(text) or text for text in named))
            wanted = _Wanted(action, ids, None, body.selection)
        return await (_try if body.dry_run else _do)(request, wanted)


@contextmanager
def _place(request: KeyRequest[None, R]) -> Iterator[None]:
    """Take a place among requests of many rows for a filter, which may find many."""
    if isinstance(request.body.filter, UnsetType):
        yield
        return
    with request.services.bulks.taken(request.store_id) as free:
        if not free:
            raise RateLimited(BULK_RETRY)
        yield


async def _try(request: KeyRequest[None, R], wanted: _Wanted) -> Reply[Any]:
    """Tell what would come of the cards."""
    wanted.check()
    parts = []
    for some in many.in_parts(wanted.ids):
        async with request.services.bulk_turn:
            outcomes = await request.operations.read(
                many.act_on_each, request.caller, some, wanted.action, wanted.matching, dry=True
            )
        parts.append(_Part.of(some, outcomes, []))
    return Reply.json(_JoinedBody.of(wanted.ids, parts, dry_run=True))


async def _do(request: KeyRequest[None, R], wanted: _Wanted) -> Reply[ManyCardsResponse]:
    """Change the cards part by part; what was done under the key before is not done again.

    Then the cards are those that were found then, which the first part's answer has.
    """
    key = request.idempotency_key()
    answers = [await _change(request, wanted, key, 0)]
    parts = [_read(answers[0])]
    ids = parts[0].ids
    wanted = msgspec.structs.replace(wanted, ids=ids)
    for first in range(CARDS_AT_ONCE, len(ids), CARDS_AT_ONCE):
        part_key = key_of_part(key, parts[0].run.encode(), first)
        answers.append(await _change(request, wanted, part_key, first))
        parts.append(_read(answers[-1]))
    return joined(answers, _JoinedBody.of(ids, parts, dry_run=False))


async def _change(
    request: KeyRequest[None, R], wanted: _Wanted, key: IdempotencyKey | None, first: int
) -> Answered:
    """Change some cards, of which ``first`` is the place, in one transaction and in their turn."""
    some = wanted.ids[first : first + CARDS_AT_ONCE]
    remembered, begun = ([], "") if first else (wanted.ids, new_id())

    async def run(tx: Tx) -> list[Outcome]:
        if not first:
            wanted.check()
        return await many.act_on_each(tx, request.caller, some, wanted.action, wanted.matching)

    def show(outcomes: list[Outcome]) -> bytes:
        return Reply.json(_Part.of(some, outcomes, remembered, begun)).pack()

    once: Once[Run[list[Outcome]], list[Outcome]] = Once(run, key, show, request.check)
    async with request.services.bulk_turn:
        return await request.operations.once(request.store_id, once)


def _read(answered: Answered) -> _Part:
    return msgspec.json.decode(sent(answered).body, type=_Part)


_CHOICE: Final = (
    f"By up to {many.MAX_IDS} ids; or all cards that a filter finds, up to {MAX_CHOSEN}, with the "
    "selection that its dryRun answered with: other cards are a 409, and nothing is changed. Each "
    "card is changed or refused by itself, as by a single request, in parts of a hundred. One "
    "Idempotency-Key covers all: if the answer is lost, the same request goes on where it was. A "
    "dryRun changes nothing and keeps no key."
)
_IDS: Final = {"ids": [CARD_EXAMPLE["id"]], "reason": "raffle 2026"}
_REFUSED: Final = "019aad3c-0000-7000-8000-000000000000"


def _example(**after: Any) -> dict[str, Any]:
    detail = f"There is no gift card {_REFUSED} in this store."
    missing = {"code": "gift_card_not_found", "detail": detail}
    tags = {name: after.pop(name) for name in ("tags",) if name in after}
    changed = {"id": CARD_EXAMPLE["id"], "outcome": "changed"}
    return {
        "dryRun": False,
        "selection": "5d" * many.DIGEST_BYTES,
        "changed": 1,
        "unchanged": 0,
        "refused": 1,
        "results": [
            changed | {"giftCard": DETAILS_EXAMPLE | after} | tags,
            {"id": _REFUSED, "outcome": "refused", "problem": missing},
        ],
    }


_SHARED: Final[dict[str, Any]] = {
    "tag": EXTENSION_TAG,
    "answer": ManyCardsResponse,
    "refusals": (SelectionDiffers, TooManyGiftCards, RateLimited),
}
ROUTES: Final = (
    Route(
        "POST",
        f"{PATH}/enable",
        WRITE,
        enable_gift_cards,
        summary="Enable many gift cards",
        description=_CHOICE,
        body=ManyCardsRequest,
        body_example=_IDS,
        example=_example(),
        **_SHARED,
    ),
    Route(
        "POST",
        f"{PATH}/disable",
        WRITE,
        disable_gift_cards,
        summary="Disable many gift cards",
        description=_CHOICE,
        body=ManyCardsRequest,
        body_example=_IDS,
        example=_example(active=False),
        **_SHARED,
    ),
    Route(
        "POST",
        f"{PATH}/extend",
        WRITE,
        extend_gift_cards,
        summary="Let many gift cards expire later",
        description="To expiresAt (null: never), or by days; no card's date comes nearer by it. "
        + _CHOICE,
        body=ExtendManyRequest,
        body_example=_IDS | {"days": 30},
        example=_example(),
        **_SHARED,
    ),
    Route(
        "POST",
        f"{PATH}/tag",
        WRITE,
        tag_gift_cards,
        summary="Tag many gift cards",
        description="Adds tags to the cards' own and takes others away; redeemed cards too. "
        + _CHOICE,
        body=TagManyRequest,
        body_example=_IDS | {"add": LABELS_EXAMPLE["tags"]},
        example=_example(tags=LABELS_EXAMPLE["tags"]),
        **_SHARED,
    ),
)
