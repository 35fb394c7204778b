"""One action on many cards: enabled, disabled, extended or tagged (contract section 10).

Each card is changed by the rule that a single change has, is refused for itself, and has an entry
and an event of its own. Whoever calls hands over the cards in parts, so that none holds up others.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from gridgift.domain import labels, locked, search
from gridgift.domain.bulk_change_failures import NotUndoable
from gridgift.domain.card_filters import Filters
from gridgift.domain.days import later
from gridgift.domain.failures import Failure, NoLongerMatching, ValidationFailed
from gridgift.domain.giftcards import check_expiry, check_not_redeemed, replace
from gridgift.domain.locked import CardRequest, LockedCard, Rule
from gridgift.domain.model import Caller, CardChange, GiftCard, Labels
from gridgift.storage.database import Tx

CARDS_AT_ONCE: Final = 100  # in one transaction: single writes go between
MAX_IDS: Final = 1_000  # that a request names
MAX_CHOSEN: Final = 10_000  # that a request's filter finds
MAX_DAYS: Final = 36_500
DIGEST_BYTES: Final = 16


class Action(Struct, frozen=True):
    """What is to be done to each card: the rule, and whether it looks at labels."""

    rule: Rule[CardChange]
    with_labels: bool = False


class Done(Struct, frozen=True):
    """What an action left of a card: ``held`` is what open holds reserve of it, in L$.

    ``labels`` are None where the action does not look at them.
    """

    card: GiftCard
    held: int
    changed: bool
    labels: Labels | None


Outcome = Done | Failure
OutcomeWord = Literal["changed", "unchanged", "refused"]


def switching(*, active: bool, reason: str = "") -> Action:
    """Return the action that enables or disables cards.

    It raises ``GiftCardRedeemed``, as the rule for one card does.
    """

    def rule(card: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(card.card)
        return replace(card, caller, {"active": active}, reason)

    return Action(rule)


def extending_to(expires_at: int | None, reason: str = "") -> Action:
    """Return the action that lets cards end at an instant (milliseconds; None: never).

    A card that ends later stays as it is. It raises ``GiftCardRedeemed``, and ``ValidationFailed``
    for an instant that is over.
    """

    def rule(card: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(card.card)
        check_expiry(expires_at, card.now)
        present = card.card.expires_at
        if present is None or (expires_at is not None and expires_at <= present):
            return card.unchanged()
        return replace(card, caller, {"expires_at": expires_at}, reason)

    return Action(rule)


def extending_by(days: int, zone: str, reason: str = "") -> Action:
    """Return the action that lets cards end so many days later; of an expired one, from now on.

    The time of day in a time zone stays: what ends with a day there ends with a day, also when
    clocks are moved in between. A card that never expires stays as it is. It raises
    ``GiftCardRedeemed``, and ``ValidationFailed`` for an end after the year 9999.
    """

    def rule(card: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(card.card)
        if card.card.expires_at is None:
            return card.unchanged()
        try:
            expires_at = later(max(card.card.expires_at, card.now), days, zone)
        except OverflowError:
            raise ValidationFailed({"days": ["would lead beyond the year 9999"]}) from None
        return replace(card, caller, {"expires_at": expires_at}, reason)

    return Action(rule)


def ending_as_before(ends: Mapping[str, int | None], left: int | None) -> Action:
    """Return the action that lets cards end when they did before a change, by their ids.

    ``left`` is the end that the change gave them; both are in milliseconds (None: never). It raises
    ``GiftCardRedeemed``, and ``NotUndoable`` for a card that ends at another instant by now, or
    would have ended already.
    """

    def rule(card: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(card.card)
        if card.card.expires_at != left or card.card.id not in ends:
            raise NotUndoable("It ends on another day by now than the change had left it.")
        before = ends[card.card.id]
        if before is not None and before <= card.now:
            raise NotUndoable("The day on which it ended before is over by now.")
        return replace(card, caller, {"expires_at": before})

    return Action(rule)


def tagging(add: Collection[str], remove: Collection[str], reason: str = "") -> Action:
    """Return the action that adds tags to cards' own and takes others away.

    A redeemed card takes it too. Raises ``ValidationFailed`` for a tag that is in both; the rule
    raises it for a card that would have more than 20.
    """
    if set(add) & set(remove):
        raise ValidationFailed({"remove": ["must not have a tag that is added"]})

    def rule(card: LockedCard, caller: Caller) -> CardChange:
        before = card.labels
        tags = (set(before.tags) | set(add)) - set(remove)
        after = Labels.of(before.reference, tags, before.metadata)
        if after == before:
            return card.unchanged()
        if len(after.tags) > labels.MAX_TAGS:
            raise ValidationFailed({"tags": [f"would be more than {labels.MAX_TAGS}"]})
        return card.label(caller, after, reason)

    return Action(rule, with_labels=True)


async def act_on_each(
    tx: Tx,
    caller: Caller,
    card_ids: Sequence[str],
    action: Action,
    matching: Filters | None = None,
    *,
    dry: bool = False,
) -> list[Outcome]:
    """Do something to cards, each named once, and return the outcomes in order.

    Refused are those that the store does not have, and those that do not match any more what they
    were found by (``matching``). ``dry``: nothing is changed, and nobody is held up.
    """
    store_id = caller.store_id
    find = locked.look_each if dry else locked.lock_each
    cards = await find(tx, store_id, card_ids)
    if action.with_labels:
        await locked.read_labels(tx, store_id, cards)
    found = set(card_ids)
    if matching is not None:
        found = await search.matching(tx, store_id, matching, cards)
    outcomes = [
        _decide(cards.get(card_id), CardRequest(caller, card_id, action.rule), action)
        if card_id in found or card_id not in cards
        else NoLongerMatching(card_id)
        for card_id in card_ids
    ]
    if not dry:
        await locked.save_each(tx, cards.values())
    return outcomes


def _decide(card: LockedCard | None, request: CardRequest[CardChange], action: Action) -> Outcome:
    result = locked.decide(card, request)
    if card is None or isinstance(result, Failure):
        assert isinstance(result, Failure), "nothing becomes of a card that is not there"
        return result
    known = card.labels if action.with_labels else None
    return Done(result.card, result.held, result.entry is not None, known)


def in_parts(card_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield cards in parts, each for one transaction."""
    return (card_ids[n : n + CARDS_AT_ONCE] for n in range(0, len(card_ids), CARDS_AT_ONCE))


def word(outcome: Outcome) -> OutcomeWord:
    """Say what came of a card in a word."""
    if isinstance(outcome, Failure):
        return "refused"
    return "changed" if outcome.changed else "unchanged"


def digest(card_ids: Iterable[str]) -> str:
    """Name a set of cards: what a dry run has shown is what is done."""
    hashed = hashlib.sha256("\n".join(sorted(card_ids)).encode())
    return hashed.digest()[:DIGEST_BYTES].hex()
