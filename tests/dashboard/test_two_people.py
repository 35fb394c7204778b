"""Every form about a card: nobody overwrites what they have not seen, and nothing is done twice."""

import re
from html import unescape

import pytest

from gridgift.dashboard.page import AnyPage
from gridgift.domain import residents
from gridgift.domain.model import Resident
from tests.api import KELLY, ApiFixture
from tests.dashboard.people import (
    ABOUT_CARDS,
    Browser,
    People,
    etag_on,
    fields_of,
    fields_on,
    name_of,
    post_about,
)
from tests.http.checks import one_engine
from tests.http.requests import at, ext

CARDS = "/dashboard/cards"
NOTED = "The rent is due"

every_form_about_a_card = pytest.mark.parametrize("page", ABOUT_CARDS, ids=name_of)


def card_for(api: ApiFixture, page: AnyPage) -> tuple[str, str]:
    """Grant a card to which a form may be sent; return its id, and the form's address."""
    card = api.grant(transfer=True, expiresAt=at(api, 86_400))["id"]
    hold = ""
    if "{hold}" in page.path:
        hold = ext(api, card, "holds", {"amount": 7, "expiresIn": 600}).json()["id"]
    return card, page.path.format(id=card, hold=hold)


def recorded(api: ApiFixture) -> list[object]:
    """Return what was recorded of cards: in the ledger, and of operators."""
    return [api.sql("SELECT account_id, seq FROM entries ORDER BY account_id, seq"),
            api.sql("SELECT id FROM operator_actions ORDER BY id")]  # fmt: skip


@every_form_about_a_card
@one_engine
def test_no_form_changes_a_card_that_is_another_by_now(
    api: ApiFixture, people: People, bo: Browser, page: AnyPage
) -> None:
    cy, (card, path) = people.signed_in("Cy"), card_for(api, page)
    shown = etag_on(cy, f"{CARDS}/{card}")
    post_about(bo, card, "note", {"text": NOTED})
    form, before = fields_of(page), recorded(api)
    del form["etag"]
    for stale in ({"etag": '"*"'}, {"etag": "*"}, {}):
        refused = cy.post(path, form | stale)
        assert refused.status_code == 412, stale
        assert "What you saw has changed meanwhile" in refused.text
    told = cy.post(path, form | {"etag": shown})
    assert (told.status_code, recorded(api)) == (412, before)
    assert "Note, by Bo" in told.text and NOTED in told.text and "ETag" not in told.text
    fresh = fields_on(told.text)["etag"]
    assert cy.post(path, form | {"etag": fresh}).status_code == 303
    assert recorded(api) != before


@every_form_about_a_card
@one_engine
def test_what_is_sent_twice_is_done_once(api: ApiFixture, bo: Browser, page: AnyPage) -> None:
    card, path = card_for(api, page)
    form = fields_of(page) | {"etag": etag_on(bo, f"{CARDS}/{card}")}
    assert bo.post(path, form).status_code == 303
    once = recorded(api)
    again = bo.post(path, form)
    assert again.status_code == (303 if page.path.endswith("/switch") else 412)
    assert recorded(api) == once
    told = again.text if again.status_code == 412 else bo.get(CARDS).text
    assert ", by you" in told or "is switched off already" in told


@one_engine
def test_each_form_on_a_page_has_the_card_as_it_is_shown(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(transfer=True, expiresAt=at(api, 86_400))["id"]
    ext(api, card, "holds", {"amount": 7, "expiresIn": 600})
    post_about(bo, card, "switch", {"to": "off"})
    found = []
    for path in (
        CARDS,
        f"{CARDS}/{card}",
        *(f"{CARDS}/{card}/{name}" for name in ("edit", "pass-on", "replace")),
    ):
        text = bo.get(path).text
        for action, inside in re.findall(
            r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', text, re.DOTALL
        ):
            if action.startswith(f"{CARDS}/{card}"):
                assert fields_on(inside)["etag"] == etag_on(bo, f"{CARDS}/{card}"), action
                found.append(action)
    assert {
        re.sub(r"holds/[\w-]+", "holds/{hold}", action).replace(card, "{id}") for action in found
    } == {page.path for page in ABOUT_CARDS}


def test_a_switch_does_what_its_label_said(api: ApiFixture, people: People, bo: Browser) -> None:
    cy, card = people.signed_in("Cy"), api.grant()["id"]
    page = f"{CARDS}/{card}"
    shown = {"to": "off", "etag": etag_on(cy, CARDS)}
    post_about(bo, card, "switch", {"to": "off"})
    assert cy.post(f"{page}/switch", shown).status_code == 303
    assert "The card is switched off already." in cy.get(CARDS).text
    assert api.card(card)["active"] is False
    post_about(bo, card, "switch", {"to": "on"})
    refused = cy.post(f"{page}/switch", shown)
    assert refused.status_code == 412
    told = unescape(refused.text)
    assert "Switched on, by Bo" in told and "Switched off, by Bo" in told
    assert api.card(card)["active"] is True
    assert len(api.entries(card)) == 3


@one_engine
def test_another_name_of_the_owner_is_told(api: ApiFixture, bo: Browser) -> None:
    """An ETag names the owner too: a form from before is about a card that reads otherwise."""
    card = api.grant()["id"]
    page = f"{CARDS}/{card}"
    form = {"delta": "5", "reason": "gift", "etag": etag_on(bo, page)}
    api.write(residents.remember, Resident(KELLY.uuid, "kelly.newname"))
    refused = bo.post(f"{page}/adjust", form)
    assert refused.status_code == 412
    assert "Its owner is called kelly.newname now." in refused.text


def test_an_undo_undoes_nothing_that_somebody_else_did(
    api: ApiFixture, people: People, bo: Browser
) -> None:
    cy, card = people.signed_in("Cy"), api.grant()["id"]
    page = f"{CARDS}/{card}"
    post_about(bo, card, "switch", {"to": "off"})
    undo = re.search(r"action=\S+/switch\">(.{,900}?)Undo", bo.get(CARDS).text)
    assert undo is not None
    post_about(cy, card, "note", {"text": NOTED})
    refused = bo.post(f"{page}/switch", fields_on(undo[1]))
    assert (refused.status_code, NOTED in refused.text) == (412, True)
    assert api.card(card)["active"] is False
