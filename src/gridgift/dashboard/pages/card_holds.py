"""What is reserved of a card for purchases: it is released, or taken as paid."""

from typing import Any, Final

from gridgift.dashboard.editing import CardForm, as_seen
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.card import back_to, change_card, show_card
from gridgift.dashboard.pages.cards import CARD, CARDS
from gridgift.domain import holds
from gridgift.domain.actions import Deed
from gridgift.domain.failures import CaptureExceedsHold, HoldNotFound, ValidationFailed
from gridgift.domain.holds import HoldChange
from gridgift.domain.locked import LockedCard, Rule
from gridgift.domain.model import Caller, CardChange
from gridgift.fields import GrantedCredit
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.views import HOLD_EXAMPLE

HOLD: Final = id_parameter("hold", "What is reserved of it.", HOLD_EXAMPLE["id"], HoldNotFound)


class Taking(CardForm, frozen=True, kw_only=True):
    """The form that takes what is reserved, or a part of it: ``amount``, in L$."""

    amount: GrantedCredit


async def release(request: OperatorRequest[None, CardForm]) -> Reply[None]:
    """Free what is reserved."""
    changed = await _close(request, "card_hold_released", holds.voiding(HOLD.of(request)))
    available = changed.card.credit - changed.held
    return back_to(changed, request, f"Released: L$ {available:,} of the card can be used now.")


async def take(request: OperatorRequest[None, Taking]) -> Reply[None]:
    """Take what is reserved as paid, or a part of it; the rest is free again."""
    amount = request.body.amount
    try:
        changed = await _close(
            request, "card_hold_taken", holds.capturing(HOLD.of(request), amount)
        )
    except CaptureExceedsHold as failure:
        raise ValidationFailed({"amount": [f"must be at most {failure.held:,}"]}) from failure
    said = f"Taken as paid: L$ {amount:,}. The card has L$ {changed.card.credit:,} now."
    return back_to(changed, request, said)


async def _close(
    request: OperatorRequest[None, Any], deed: Deed, closing: Rule[HoldChange]
) -> CardChange:
    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        return closing(locked, caller).change

    return await change_card(request, deed, as_seen(rule, request.body.etag), HOLD.of(request))


PAGES: Final[tuple[Page[Any, Any, Any], ...]] = (
    Page(
        "POST", f"{CARDS}/{{id}}/holds/{{hold}}/release", Session("clerk"), release, body=CardForm,
        path_parameters=(CARD, HOLD), again=show_card,
    ),
    Page(
        "POST", f"{CARDS}/{{id}}/holds/{{hold}}/take", Session("clerk"), take, body=Taking,
        path_parameters=(CARD, HOLD), again=show_card,
    ),
)  # fmt: skip
