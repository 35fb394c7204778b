"""The page at /me: why a card that changed meanwhile is refused, in a resident's words."""

import inspect
import time
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Locator, expect

from gridgift.domain.instants import format_instant
from gridgift.domain.model import Resident
from gridgift.http.table import ROUTES
from tests.browser.visit import Store, Visit

SOON: Final = (1.0, 4.0, 16.0)  # seconds: on a busy machine the end may come before it is set
OWN: Final = "/v1/customer/giftcards/{id}/"
# what is done with a card, and each refusal of it that is about that card
REFUSED: Final = [
    (route.path.removeprefix(OWN), failure.code)
    for route in ROUTES
    for failure in route.refusals
    if route.path.startswith(OWN) and "card_id" in inspect.signature(failure).parameters
]


def hold(store: Store, card: Any, other: Resident) -> None:
    _send(store, f"/ext/v1/giftcards/{card['id']}/holds", amount=1, expiresIn=600)


def give_away(store: Store, card: Any, other: Resident) -> None:
    _send(store, f"/ext/v1/giftcards/{card['id']}/actions/transfer", receiverIdentifier=other.uuid)


def redeem(store: Store, card: Any, other: Resident) -> None:
    headers = {"X-Customer-Token": store.token(Resident(card["ownerUuid"], ""))}
    _send(store, f"/v1/customer/giftcards/{card['id']}/redeem", headers)


def expire(store: Store, card: Any, other: Resident) -> None:
    for seconds in SOON:
        end = time.time() + seconds
        body = {"expiresAt": format_instant(round(end * 1000))}
        sent = store.client.post(f"/ext/v1/giftcards/{card['id']}/actions/patch", json=body)
        if sent.status_code != 400:
            break
    sent.raise_for_status()
    time.sleep(max(0, end - time.time()))


MEANWHILE: Final[dict[str, Callable[[Store, Any, Resident], None]]] = {
    "gift_card_expired": expire,
    "gift_card_held": hold,
    "gift_card_inactive": lambda store, card, _: store.change(card, active=False),
    "gift_card_not_found": give_away,
    "gift_card_not_transferable": lambda store, card, _: store.change(card, transfer=False),
    "gift_card_redeemed": redeem,
}


def test_the_resident_is_told_why_and_no_id(
    visit: Visit, store: Store, kelly: Resident, jo: Resident
) -> None:
    cards = {refused: store.grant(kelly) for refused in REFUSED}
    page = visit.greet(kelly)
    told = set()
    for (action, code), card in cards.items():
        MEANWHILE[code](store, card, jo)
        why = tried(visit, card, action, jo).inner_text()
        assert "gift card" in why
        assert card["id"] not in why
        told.add((code, why))
        with page.expect_response("**/v1/customer/giftcards?*"):  # before the next card changes
            visit.dialog.get_by_role("button", name="Close").click()
    assert {code for code, _ in told} == MEANWHILE.keys()
    assert len(told) == len({why for _, why in told}) == len(MEANWHILE)
    visit.check("status of 400", "status of 404")


def tried(visit: Visit, card: Any, action: str, receiver: Resident) -> Locator:
    """Try to redeem a card or to pass it on; return what the dialog says of it."""
    visit.card(card).get_by_role("button", name=action.title()).click()
    if action == "transfer":
        visit.dialog.get_by_label("The receiver's username").fill(receiver.username)
        visit.dialog.get_by_role("button", name="Continue").click()
    visit.dialog.get_by_role("button", name=action.title()).click()
    told = visit.dialog.get_by_role("alert")
    expect(told).not_to_be_empty()
    return told


def _send(store: Store, path: str, headers: dict[str, str] | None = None, **body: Any) -> None:
    store.client.post(path, headers=headers, json=body or None).raise_for_status()
