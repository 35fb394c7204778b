"""A card's page: its tags and its order are written, and it is let end later."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gridgift.dashboard.editing import LATER, later_days
from gridgift.domain.days import day_of, end_of
from gridgift.domain.instants import DAY, LAST
from gridgift.domain.labels import MAX_TAG, MAX_TAGS
from gridgift.domain.model import GiftCard
from gridgift.domain.stores import StoreChanges, update
from tests.api import START, ApiFixture
from tests.dashboard.people import Browser, People, etag_on, fields_on, post_about
from tests.dashboard.test_audit import deeds
from tests.http.checks import one_engine
from tests.http.requests import at

CARDS: Final = "/dashboard/cards"
RESIDENTS: Final = "/dashboard/residents"
HOSTILE: Final = "<script>alert(1)</script>&\"'{{ 7 * 7 }}"
ZONES: Final = ["UTC", "America/Los_Angeles", "Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu"]


CARD: Final = GiftCard(
    "s", "c", "o", "kelly", 5, True, False, False, None, False, None, 1, START, START
)


def card_of(api: ApiFixture, card: str) -> Any:
    """Read a card with what is available of it, and its end."""
    return api.call("GET", f"/ext/v1/giftcards/{card}").json()


def labels_of(api: ApiFixture, card: str) -> Any:
    """Read a card's labels."""
    return api.call("GET", f"/ext/v1/giftcards/{card}/labels").json()


def days_on(text: str) -> dict[str, str]:
    """Return the buttons that let a card end later: by how many days, and which day is its last."""
    pairs = re.findall(r'name="expires_at" value="([\d-]{10})">(\d+) days', text)
    return {days: day for day, days in pairs}


def test_tags_and_an_order_are_written(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(tags=["old"], metadata={"colour": "red"})["id"]
    page = f"{CARDS}/{card}"
    assert fields_on(bo.get(page).text)["tags"] == "old"
    form = {"tags": f" vip ,{HOSTILE},, vip", "reference": "A-17"}
    assert post_about(bo, card, "labels", form).status_code == 303
    said = labels_of(api, card)
    assert (said["tags"], said["reference"]) == ([HOSTILE, "vip"], "A-17")
    assert said["metadata"] == {"colour": "red"}
    shown = bo.get(page).text
    told = unescape(shown)
    assert f"Tag “{HOSTILE}” given; tag “vip” given; tag “old” taken away; order A-17" in told
    assert "by you" in told and "of the order A-17, for good" in told
    assert 'name="reference"' not in shown
    assert HOSTILE not in shown and ">49<" not in shown and HOSTILE not in bo.get(CARDS).text
    form["reference"] = ""
    assert post_about(bo, card, "labels", form).status_code == 303
    assert "The card was so already." in bo.get(page).text
    assert post_about(bo, card, "labels", {"tags": ""}).status_code == 303
    assert labels_of(api, card)["tags"] == []
    assert [entry.kind for entry in api.entries(card)] == ["granted", "labelled", "labelled"]
    assert deeds(api).count("card_labelled") == 2


@one_engine
def test_a_card_that_is_used_up_is_tagged_too(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    api.redeem(card)
    assert post_about(bo, card, "labels", {"tags": "vip"}).status_code == 303
    assert labels_of(api, card)["tags"] == ["vip"]
    assert f"{CARDS}/{card}/extend" not in bo.get(f"{CARDS}/{card}").text


@pytest.mark.parametrize(
    ("action", "field", "text"),
    [
        ("labels", "tags", "vip; old"),
        ("labels", "tags", "a\u202eb"),
        ("labels", "tags", "x" * (MAX_TAG + 1)),
        ("labels", "tags", ",".join(map(str, range(MAX_TAGS + 1)))),
        ("labels", "reference", "a\u202eb"),
        ("labels", "reference", "x" * 10_000),
        ("labels", "reference", "taken"),
        ("extend", "expires_at", ""),
        ("extend", "expires_at", "2031-02-30"),
        ("extend", "expires_at", HOSTILE),
        ("extend", "expires_at", "2001-01-01"),
        ("extend", "expires_at", "2026-09-23"),
    ],
)
@one_engine
def test_what_is_refused_is_said_at_its_field(
    api: ApiFixture, bo: Browser, action: str, field: str, text: str
) -> None:
    api.grant(reference="taken")
    card = api.grant(expiresAt=at(api, 3 * 86_400))["id"]
    before = deeds(api)
    refused = post_about(bo, card, action, {"tags": "vip", field: text})
    assert refused.status_code in {400, 409}
    assert f'id="{field}-problem"' in refused.text
    assert "Nothing was changed: look at what is marked below." in refused.text
    assert HOSTILE not in refused.text
    assert fields_on(refused.text).get(field, "") == text
    assert (len(api.entries(card)), deeds(api)) == (1, before)


def test_an_order_is_one_cards_for_good(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(reference="A-1")["id"]
    refused = post_about(bo, card, "labels", {"reference": "A-2"})
    assert refused.status_code == 409 and "which stays" in refused.text
    assert labels_of(api, card)["reference"] == "A-1"


def test_who_comes_second_keeps_the_tags_of_the_first(
    api: ApiFixture, people: People, bo: Browser
) -> None:
    cy, card = people.signed_in("Cy"), api.grant(tags=["a"])["id"]
    page = f"{CARDS}/{card}"
    second = {"tags": "a", "reference": "A-17", "etag": etag_on(cy, page)}
    post_about(bo, card, "labels", {"tags": "a, b"})
    refused = cy.post(f"{page}/labels", second)
    assert refused.status_code == 412 and "<dt>Tags</dt><dd>a → a, b</dd>" in refused.text
    form = fields_on(refused.text)
    assert (form["tags"], form["reference"]) == ("a, b", "A-17")
    assert cy.post(f"{page}/labels", form).status_code == 303
    assert labels_of(api, card)["tags"] == ["a", "b"]


def test_a_card_is_let_end_later(api: ApiFixture, bo: Browser) -> None:
    zone = "Europe/Berlin"
    api.write(update, api.store.id, StoreChanges(time_zone=zone))
    card = api.grant(expiresAt="2026-10-20T22:00:00Z")["id"]  # the end of that day in Berlin
    page = f"{CARDS}/{card}"
    shown = days_on(bo.get(page).text)
    assert shown == {"30": "2026-11-19", "90": "2027-01-18", "365": "2027-10-20"}
    assert post_about(bo, card, "extend", {"expires_at": shown["30"]}).status_code == 303
    assert card_of(api, card)["expiresAt"] == "2026-11-19T23:00:00Z"  # an hour later in winter
    told = unescape(bo.get(page).text)
    assert "The card is good up to 19 Nov 2026." in told
    assert "Last day from 20 Oct 2026 to 19 Nov 2026" in told
    assert post_about(bo, card, "extend", {"expires_at": "2030-01-01"}).status_code == 303
    assert card_of(api, card)["expiresAt"] == "2030-01-01T23:00:00Z"
    assert deeds(api).count("card_extended") == 2


@one_engine
def test_days_of_a_card_that_has_ended_count_from_today(api: ApiFixture, people: People) -> None:
    card = api.grant(expiresAt=at(api, 60))["id"]
    api.clock.advance(10 * 86_400)
    shown = days_on(people.signed_in("Bo").get(f"{CARDS}/{card}").text)
    today = day_of(api.clock.now(), api.store.time_zone)
    assert shown["30"] == str(today + timedelta(30))


@one_engine
def test_a_card_without_an_end_can_t_end_later(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    assert f"{CARDS}/{card}/extend" not in bo.get(f"{CARDS}/{card}").text
    assert post_about(bo, card, "extend", {"expires_at": "2031-03-04"}).status_code == 400
    assert len(api.entries(card)) == 1


@given(
    st.integers(START - 400 * DAY, LAST), st.integers(START, START + DAY), st.sampled_from(ZONES)
)
def test_every_button_lets_a_card_end_later(ends: int, now: int, zone: str) -> None:
    card = structs.replace(CARD, expires_at=ends)
    found = later_days(card, now, zone)
    assert [days for days, _ in found] == [*LATER][: len(found)]
    assert len(found) == len(LATER) or day_of(ends, zone) > date.max - timedelta(max(LATER) + 1)
    for days, day in found:
        assert end_of(day, zone) > max(ends, now)
        assert day == max(day_of(ends - 1, zone), day_of(now, zone)) + timedelta(days)


@pytest.mark.parametrize("zone", ZONES)
@one_engine
def test_a_card_that_ends_with_the_last_instant_is_shown_and_edited_in_every_zone(
    api: ApiFixture, aria: Browser, zone: str
) -> None:
    api.write(update, api.store.id, StoreChanges(time_zone=zone))
    last = "9999-12-31T23:59:59Z"
    card = api.grant(expiresAt=last)
    for path in (CARDS, f"{CARDS}/{card['id']}", f"{RESIDENTS}/{card['ownerUuid']}", "/dashboard"):
        page = aria.get(path)
        assert page.status_code == 200, path
    path = f"{CARDS}/{card['id']}/edit"
    form = fields_on(aria.get(path).text) | {"credit": "7"}
    assert aria.post(path, form).status_code == 303
    shown = card_of(api, card["id"])
    assert (shown["credit"], shown["expiresAt"]) == (7, last)
    form = fields_on(aria.get(path).text) | {"expires_at": "9999-12-31"}
    assert aria.post(path, form).status_code == 303
    assert card_of(api, card["id"])["expiresAt"] is None
