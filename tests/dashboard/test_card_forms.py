"""A card edited, passed on and replaced; and what becomes of it when two people do so at once."""

from html import unescape
from typing import Any

import pytest

from tests.api import JO, KELLY, ApiFixture
from tests.dashboard.people import (
    PASSWORD,
    Browser,
    People,
    etag_on,
    fields_on,
    post_about,
)
from tests.http.checks import one_engine
from tests.http.requests import at, ext

CARDS = "/dashboard/cards"
TEXTURE = "5748decc-f629-461c-9a36-a35a221fe21f"
HOSTILE = "<script>alert(1)</script>&\"'{{ 7 * 7 }}"
ACTIONS = ("edit", "pass-on", "replace")


def opened(browser: Browser, path: str) -> dict[str, str]:
    """Open a form and return what it has."""
    return fields_on(browser.get(path).text)


def test_a_card_is_edited(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(transfer=True)["id"]
    path = f"{CARDS}/{card}/edit"
    form = opened(bo, path)
    assert (form["credit"], form["transfer"], form["active"]) == ("500", "true", "true")
    wanted = {"credit": "40", "texture": TEXTURE.upper(), "expires_at": "2031-03-04"}
    done = bo.post(path, {"etag": form["etag"], "active": "true"} | wanted)
    assert (done.status_code, done.headers["location"]) == (303, f"{CARDS}/{card}")
    shown = api.card(card)
    assert (shown["credit"], shown["texture"], shown["transfer"]) == (40, TEXTURE, False)
    assert shown["active"] is True
    again = opened(bo, path)
    assert (again["expires_at"], again["texture"]) == ("2031-03-04", TEXTURE)
    assert "transfer" not in again
    assert bo.post(path, again).status_code == 303  # the same once more is no change
    assert [entry.kind for entry in api.entries(card)] == ["granted", "updated"]
    assert "The card was so already." in bo.get(f"{CARDS}/{card}").text


@one_engine
def test_an_end_within_a_day_stays_to_the_millisecond(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(expiresAt=at(api, 86_400 * 3 + 77))["id"]
    before = api.sql("SELECT expires_at FROM gift_cards")
    path = f"{CARDS}/{card}/edit"
    assert bo.post(path, opened(bo, path) | {"credit": "7"}).status_code == 303
    assert api.sql("SELECT expires_at FROM gift_cards") == before
    assert api.card(card)["credit"] == 7


def test_the_second_of_two_is_told_and_overwrites_nothing(
    api: ApiFixture, people: People, bo: Browser
) -> None:
    cy, card = people.signed_in("Cy"), api.grant(transfer=True)["id"]
    path = f"{CARDS}/{card}/edit"
    first, second = opened(bo, path), opened(cy, path)
    post_about(bo, card, "note", {"text": HOSTILE})
    first["etag"] = etag_on(bo, path)
    assert bo.post(path, first | {"credit": "70"}).status_code == 303
    before = api.entries(card)
    refused = cy.post(path, second | {"texture": TEXTURE})
    assert refused.status_code == 412
    assert api.entries(card) == before
    told = unescape(refused.text)
    assert "Nothing of yours was saved" in told
    assert "L$\N{NO-BREAK SPACE}500 → L$\N{NO-BREAK SPACE}70" in told
    assert "by Bo" in told and "Note, by Bo" in told
    assert HOSTILE not in refused.text and "ETag" not in told
    form = fields_on(refused.text)
    assert (form["credit"], form["texture"], form["transfer"]) == ("70", TEXTURE, "true")
    assert cy.post(path, form).status_code == 303
    card_now = api.card(card)
    assert (card_now["credit"], card_now["texture"]) == (70, TEXTURE)


@one_engine
def test_a_box_that_was_unticked_stays_so(api: ApiFixture, people: People, bo: Browser) -> None:
    cy, card = people.signed_in("Cy"), api.grant(transfer=True)["id"]
    path = f"{CARDS}/{card}/edit"
    second = opened(cy, path)
    post_about(bo, card, "switch", {"to": "off"})
    del second["transfer"]
    form = fields_on(cy.post(path, second).text)
    assert "transfer" not in form and "active" not in form


@pytest.mark.parametrize("action", ACTIONS)
def test_no_form_does_anything_to_a_card_that_is_another_by_now(
    api: ApiFixture, bo: Browser, action: str
) -> None:
    card = api.grant(transfer=True)["id"]
    path = f"{CARDS}/{card}/{action}"
    form = opened(bo, path) | {"receiver": JO.username, "reason": "lost"}
    post_about(bo, card, "adjust", {"delta": "-3", "reason": "rent"})
    refused = bo.post(path, form)
    assert refused.status_code == 412
    assert ", by you" in refused.text and "rent" in refused.text
    assert len(api.entries(card)) == 2
    form["etag"] = '"*"'
    unknown = bo.post(path, form)
    assert (unknown.status_code, "ETag" in unknown.text) == (412, False)
    assert "What you saw has changed meanwhile" in unknown.text
    form["etag"] = fields_on(refused.text)["etag"]
    assert bo.post(path, form | {"credit": "9"}).status_code == 303
    assert len(api.entries(card)) == 3


def test_a_card_is_passed_on_and_a_lost_one_is_replaced(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(transfer=True)["id"]
    form = opened(bo, f"{CARDS}/{card}/pass-on")
    bo.post(f"{CARDS}/{card}/pass-on", form | {"receiver": JO.username.upper()})
    assert api.card(card)["ownerUsername"] == JO.username
    form = opened(bo, f"{CARDS}/{card}/replace")
    done = bo.post(f"{CARDS}/{card}/replace", form | {"reason": "lost"})
    new = done.headers["location"].removeprefix(f"{CARDS}/")
    assert new != card
    assert (api.card(new)["credit"], api.card(card)["credit"]) == (500, 0)
    assert api.card(new)["ownerUsername"] == JO.username


@pytest.mark.parametrize(
    ("action", "other", "why"),
    [
        ("edit", {"credit": "x"}, "Must be"),
        ("edit", {"credit": "-1"}, "Must be"),
        ("edit", {"expires_at": "2031-02-30"}, "Must be a date"),
        ("edit", {"expires_at": "2001-01-01"}, "in the future"),
        ("edit", {"texture": HOSTILE}, "Must be a UUID"),
        ("pass-on", {"receiver": HOSTILE}, ""),
        ("pass-on", {"receiver": "nobody.known"}, ""),
        ("pass-on", {"receiver": KELLY.username}, ""),
        ("replace", {"reason": "a\u202eb"}, "printable"),
        ("replace", {"reason": ""}, "Is required"),
    ],
)
@one_engine
def test_what_is_refused_is_said_and_kept(
    api: ApiFixture, bo: Browser, action: str, other: dict[str, Any], why: str
) -> None:
    card = api.grant(transfer=True)["id"]
    path = f"{CARDS}/{card}/{action}"
    refused = bo.post(path, opened(bo, path) | {"reason": "lost"} | other)
    assert refused.status_code in {400, 404, 409}
    assert why in unescape(refused.text) and 'role="alert"' in refused.text
    assert HOSTILE not in refused.text
    assert fields_on(refused.text)["etag"]
    for name, text in other.items():
        assert fields_on(refused.text)[name] == text
    assert len(api.entries(card)) == 1


@one_engine
def test_what_is_held_is_said(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    ext(api, card, "holds", {"amount": 7, "expiresIn": 600})
    path = f"{CARDS}/{card}/edit"
    page = bo.get(path)
    assert "reserved for a purchase" in page.text
    assert bo.post(path, fields_on(page.text) | {"credit": "9"}).status_code in {400, 409}
    assert api.card(card)["credit"] == 500


@pytest.mark.parametrize("action", ACTIONS)
@one_engine
def test_another_stores_card_is_not_there(api: ApiFixture, people: People, action: str) -> None:
    people.add("Zoe", "owner", api.add_store("Elsewhere", KELLY))
    zoe, card = people.browser(), api.grant(transfer=True)["id"]
    zoe.use_link(people.link("Zoe"))
    own = etag_on(people.signed_in("Aria"), f"{CARDS}/{card}/{action}")
    zoe.get(CARDS)
    form = {"etag": own, "credit": "1", "receiver": JO.username, "reason": "lost"}
    path = f"{CARDS}/{card}/{action}"
    assert (zoe.get(path).status_code, zoe.post(path, form).status_code) == (404, 404)
    assert len(api.entries(card)) == 1


@one_engine
def test_a_session_that_ended_meanwhile_loses_nothing_typed(
    api: ApiFixture, people: People
) -> None:
    aria, card = people.with_password("Aria"), api.grant()["id"]
    path = f"{CARDS}/{card}/edit"
    form = opened(aria, path) | {"credit": "77"}
    api.sql("DELETE FROM operator_sessions")
    asked = aria.post(path, form)
    assert asked.status_code == 401
    sent = fields_on(asked.text) | {"name": "Aria", "password": PASSWORD}
    resumed = aria.post("/dashboard/sign-in", sent)
    assert "<dd><bdi>77</bdi></dd>" in resumed.text and "<dt>Etag" not in resumed.text
    assert aria.post(path, fields_on(resumed.text)).status_code == 303
    assert api.card(card)["credit"] == 77
