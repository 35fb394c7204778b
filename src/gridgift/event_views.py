"""What is shown of an event, for the API and the command line (contract section 10)."""

from typing import Annotated, Any, Final, Self

from msgspec import Meta, Struct

from gridgift.domain.events import Event, Snapshot
from gridgift.domain.instants import format_instant
from gridgift.fields import Instant, Uuid
from gridgift.views import CARD_EXAMPLE, ENTRY_EXAMPLE, Actor, shown_state

EVENT_EXAMPLE: Final[dict[str, Any]] = {
    "id": "7f0d3a52-55c1-5d0e-8b3f-6f1f3a1f9f10",
    "type": "gift_card.granted",
    "time": "2026-11-22T19:30:00Z",
    "storeId": "019aad3a-1111-7222-8333-444455556666",
    "seq": 1,
    "delta": 500,
    "actor": {"kind": "key", "id": "019aad3b-2222-7333-8444-555566667777"},
    "requestId": "5f0c2b7e9d3a41c8b6e0f1a2",
    "reason": "",
    "about": {"giftCardId": CARD_EXAMPLE["id"], "customerUuid": CARD_EXAMPLE["ownerUuid"]},
    "before": None,
    "after": {"credit": 500} | ENTRY_EXAMPLE["state"],
}
# What an entry's state names besides the account, and how an event calls it.
NAMED_BESIDES: Final = {
    "source": "source",
    "hold": "holdId",
    "holdAmount": "holdAmount",
    "holdExpiresAt": "holdExpiresAt",
    "spend": "spendId",
    "move": "moveId",
    "other": "otherCustomerUuid",
    "reference": "reference",
    "lots": "lots",
    "terms": "terms",
    "labels": "labels",
}
_BESIDES: Final = frozenset(NAMED_BESIDES)
# Those of them that an event is about: ids, and for a hold its amount (L$) and its end.
_ABOUT: Final = (
    "hold", "holdAmount", "holdExpiresAt", "spend", "move", "other", "reference", "labels",
)  # fmt: skip
_SUBJECTS: Final = {
    "card": "giftCardId",
    "credit": "customerUuid",
    "key": "keyId",
    "webhook": "webhookId",
    "bulk": "bulkId",
    "store": "storeId",
    "unit": "unitId",
    "operator": "operatorId",
}


class EventResponse(Struct, frozen=True, rename="camel"):
    """What happened at the store. Its id is the same whenever and wherever it is told."""

    id: Uuid
    type: str
    time: Instant
    store_id: Uuid
    seq: Annotated[int | None, Meta(description="Its entry's number in its chain; null: none.")]
    delta: Annotated[int | None, Meta(description="What the entry moved, in L$.")]
    actor: Actor
    request_id: str
    reason: str
    about: Annotated[dict[str, Any], Meta(description="The ids of what it is about.")]
    before: Annotated[dict[str, Any] | None, Meta(description="What it was; null: it is new.")]
    after: Annotated[dict[str, Any] | None, Meta(description="What it is since then.")]

    @classmethod
    def of(cls, event: Event) -> Self:
        """Show an event."""
        before, after = event.before, event.after
        was = None if before is None else _shown_snapshot(before)
        now = None if after is None else _shown_snapshot(after)
        about = _about(event, now or was or {})
        return cls(
            event.id, event.type, format_instant(event.at), event.store_id, event.seq, event.delta,
            Actor(event.actor_kind, event.actor_id), event.request_id, event.reason, about,
            _without_besides(was), _without_besides(now),
        )  # fmt: skip


def _shown_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Show a card, an account or a webhook as it was at a time."""
    state = shown_state(snapshot.state)
    return state if snapshot.balance is None else {"credit": snapshot.balance, **state}


def _about(event: Event, state: dict[str, Any]) -> dict[str, Any]:
    """Name what an event is about."""
    about = {_SUBJECTS[event.subject_kind]: event.subject_id}
    if event.subject_kind == "card":
        about["customerUuid"] = state["ownerUuid"]
    if event.type == "gift_card.reissued":
        about["otherGiftCardId"] = state["source"]
    if _names_besides(state):
        for name in _ABOUT:
            if state.get(name) is not None:
                about[NAMED_BESIDES[name]] = state[name]
    return about


def _without_besides(state: dict[str, Any] | None) -> dict[str, Any] | None:
    if state is None or not _names_besides(state):
        return state
    return {name: value for name, value in state.items() if name not in NAMED_BESIDES}


def _names_besides(state: dict[str, Any]) -> bool:
    """Tell whether a state names anything but the account; those of most events do not."""
    return not _BESIDES.isdisjoint(state)
