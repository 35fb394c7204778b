"""Units: made, paired, changed and ended by an owner, with what they have given."""

import re
from html import unescape
from typing import Any, Final

import pytest

from gridgift.dashboard.pages import units as units_page
from gridgift.domain import purchases, units
from gridgift.domain.failures import IdentifierMalformed, ReceiverNotFound
from gridgift.domain.units import Unit
from tests.api import OWNER, ApiFixture, operator
from tests.dashboard.people import Browser, People
from tests.domain.test_claims import stranger
from tests.http.checks import one_engine
from tests.http.in_world import OBJECT, InWorldObject
from tests.http.requests import make_unit, owe

UNITS: Final = "/dashboard/units"
HOSTILE: Final = "<script>alert(1)</script>"


def stored(api: ApiFixture, unit_id: str) -> Unit:
    """Return a unit as it is now."""
    unit: Unit = api.read(units.read, api.store.id, unit_id)
    return unit


def code_of(text: str) -> str | None:
    """Return the code that a page shows this once."""
    found = re.search(r'<input id="code" readonly value="([^"]+)"', text)
    return found and unescape(found[1])


@pytest.mark.contract("9.39")
def test_a_unit_is_made_paired_changed_and_ended(api: ApiFixture, aria: Browser) -> None:
    assert "There are none yet" in aria.get(UNITS).text
    made = aria.post(
        UNITS,
        {
            "name": "Welcome", "kind": "delivery", "credit": "70", "max_cards": "5",
            "max_cards_a_day": "2", "max_credit": "350", "min_account_days": "30",
            "first_day": "2026-09-01", "last_day": "2027-01-06", "usernames": "Jo Winter, kelly",
            "group_only": "true", "transferable": "true",
        },
    )  # fmt: skip
    assert made.status_code == 200, made.text
    ((unit_id,),) = api.sql("SELECT id FROM units")
    one, code = f"{UNITS}/{unit_id}", code_of(made.text)
    page = aria.get(one).text
    assert code is not None and code_of(page) is None
    for shown in ("Waits to be paired", str(unit_id), 'value="2027-01-06"', "jo.winter, kelly"):
        assert shown in page, shown
    settings = stored(api, str(unit_id)).settings
    assert (settings.credit, settings.max_cards, settings.max_cards_a_day) == (70, 5, 2)
    assert (settings.max_credit, settings.min_account_days) == (350, 30)
    assert (
        settings.group_only
        and settings.transferable
        and settings.usernames == ("jo.winter", "kelly")
    )
    assert (settings.starts_at, settings.ends_at) == (1788246000000, 1799308800000)
    api.write(units.pair, operator(api.store.id), str(unit_id), code, OBJECT, OWNER.uuid)
    assert "Works" in aria.get(one).text
    assert aria.press(f"{one}/switch", {"to": "off"}).headers["location"] == one
    assert "Paused" in aria.get(one).text
    assert aria.press(f"{one}/change", {"name": "Hunt"}).status_code == 303
    unit = stored(api, str(unit_id))
    assert unit.settings == units.UnitSettings("Hunt", paused=True)
    aria.get(one)
    assert aria.press(f"{one}/switch", {"to": "on"}).status_code == 303
    assert aria.press(f"{one}/round").status_code == 303
    again = aria.press(f"{one}/code")
    assert code_of(again.text) not in {None, code}
    assert aria.press(f"{one}/revoke").status_code == 303
    unit = stored(api, str(unit_id))
    assert (unit.round_number, unit.object_uuid, unit.settings.paused) == (2, None, False)


OF_TOUCHES: Final = {"credit", "min_account_days", "usernames", "group_only"}
OF_CARDS: Final = {
    "transferable", "max_cards", "max_cards_a_day", "max_credit", "first_day", "last_day",
    "texture",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("delivery", OF_TOUCHES | OF_CARDS), ("vendor", OF_CARDS), ("terminal", set()),
        ("directory", set()),
    ],
)  # fmt: skip
@one_engine
def test_a_kind_has_only_its_own_settings(
    api: ApiFixture, aria: Browser, kind: str, fields: set[str]
) -> None:
    """What a form has besides is passed over, and what was set elsewhere stays."""
    texture = "89556747-24cb-43ed-920b-47caed15465f"
    sent = {
        "name": "Stall", "kind": kind, "credit": "7", "transferable": "true", "max_cards": "7",
        "max_cards_a_day": "7", "max_credit": "7", "first_day": "2026-09-01",
        "last_day": "2026-12-01", "texture": texture, "min_account_days": "7", "usernames": "kelly",
        "group_only": "true",
    }  # fmt: skip
    aria.get(UNITS)
    assert aria.post(UNITS, sent).status_code == 200
    ((unit_id,),) = api.sql("SELECT id FROM units")
    page = aria.get(f"{UNITS}/{unit_id}").text
    form = page.partition(f'action="{UNITS}/{unit_id}/change"')[2].partition("</form>")[0]
    assert set(re.findall(r'name="(\w+)"', form)) == fields | {"form_token", "seen", "name"}
    domains = {"first_day": "starts_at", "last_day": "ends_at"}
    here = {domains.get(name, name) for name in fields}
    settings, usual = stored(api, str(unit_id)).settings, units.UnitSettings("Stall")
    names = units.UnitSettings.__struct_fields__
    assert {name for name in names if getattr(settings, name) != getattr(usual, name)} == here
    elsewhere = units.UnitChanges(max_cards=9, min_account_days=9)
    api.write(units.update, operator(api.store.id), str(unit_id), elsewhere)
    assert aria.press(f"{UNITS}/{unit_id}/change", {"name": "Booth"}).status_code == 303
    settings = stored(api, str(unit_id)).settings
    assert settings.max_cards == (None if "max_cards" in fields else 9)
    assert settings.min_account_days == (None if "min_account_days" in fields else 9)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "x" * 64, "63"), ("credit", "0", "from 1"), ("credit", "x", "whole number"),
        ("max_cards", "0", "from 1"), ("last_day", "tomorrow", "a date like"),
        ("last_day", "2026-08-01", "after the start"), ("usernames", "a b c", "usernames like"),
        ("texture", "x", "UUID"), ("kind", "shop", "delivery"),
    ],
)  # fmt: skip
@one_engine
def test_what_is_refused_is_shown_again(
    api: ApiFixture, aria: Browser, field: str, value: str, said: str
) -> None:
    aria.get(UNITS)
    typed = {"name": "Welcome", "first_day": "2026-09-01"} | {field: value}
    refused = aria.post(UNITS, typed)
    assert refused.status_code == 400
    assert said in refused.text
    assert f'value="{typed["name"]}"' in refused.text
    assert api.sql("SELECT * FROM units") == []


def test_claims_and_payments_are_shown(api: ApiFixture, aria: Browser) -> None:
    box, vendor = InWorldObject(api), InWorldObject(api, "vendor", paused=True)
    cards = [box.claim(stranger(number)).json()["card"] for number in range(2)]
    paid = {"avatar": stranger(7).uuid, "name": "pay.er", "amount": 250, "paid_at": 1_790_000_000}
    vendor.send("purchase", paid)
    page = aria.get(f"{UNITS}/{box.id}").text
    for card in cards:
        assert f"/dashboard/cards/{card}" in page
    assert stranger(1).username in page
    refunds = aria.get(f"{UNITS}/{vendor.id}").text
    for shown in (
        "Payments without a card",
        "pay.er",
        "L$\N{NO-BREAK SPACE}250",
        "the vendor was paused",
    ):
        assert shown in refunds, shown
    assert "Payments without a card" not in page


def test_why_nothing_was_sold_has_words() -> None:
    codes = {
        failure.code for failure in (*purchases.REASONS, ReceiverNotFound, IdentifierMalformed)
    }
    assert units_page.NOT_SOLD.keys() == codes


@one_engine
def test_a_unit_says_what_is_to_be_done_and_no_figures_of_other_kinds(
    api: ApiFixture, aria: Browser
) -> None:
    for kind, figures, rounds in (
        ("delivery", True, True), ("vendor", True, False), ("terminal", False, False),
        ("directory", False, False),
    ):  # fmt: skip
        page = aria.get(f"{UNITS}/{make_unit(api, kind=kind)['id']}").text
        assert ("0 cards, L$" in page, "round 1" in page) == (figures, rounds), kind
        assert "write this id into the description of an object" in page
        assert "touch it, and type the pairing code" in page
    paired = aria.get(f"{UNITS}/{InWorldObject(api).id}").text
    assert "This id stands in its description" in paired and "Its script</a>" in paired
    listed = aria.get(UNITS).text
    assert listed.count("0 cards, L$") == 3
    assert "history of cards, beside what the unit did" in listed


@one_engine
def test_units_have_pages(api: ApiFixture, aria: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units_page, "MAX_UNITS", 2)
    made = [make_unit(api)["id"] for _ in range(5)]
    seen, address, pages = [], UNITS, []
    while address:
        page = aria.get(address).text
        pages.append(re.findall(rf'<a href="{UNITS}/([\w-]+)"><strong>', page))
        seen += pages[-1]
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = unescape(found[1]) if found else ""
    assert seen == made
    before = re.search(r'href="([^"]+)" rel="prev"', page)
    assert before is not None
    assert [each in aria.get(unescape(before[1])).text for each in pages[-2]] == [True, True]


@pytest.mark.contract("9.31", "9.33")
def test_a_refund_is_marked_as_paid(api: ApiFixture, aria: Browser) -> None:
    vendor, shop = InWorldObject(api, "vendor", name=HOSTILE), make_unit(api, kind="vendor")["id"]
    first, second, third = (owe(api, unit, 250) for unit in (vendor.id, vendor.id, shop))
    vendor.send("refund", {"payment": second, "paid": 0})
    overview = aria.get("/dashboard").text
    assert "3 refunds of L$\N{NO-BREAK SPACE}750" in overview
    assert 'href="/dashboard/units#refunds"' in overview
    page = aria.get(UNITS).text
    assert HOSTILE not in page
    assert "The vendor is paying it" in page
    for unit, refund, form in ((vendor.id, first, 1), (vendor.id, second, 0), (shop, third, 1)):
        assert page.count(f'action="{UNITS}/{unit}/refunds/{refund}/paid"') == form
    done = aria.post(f"{UNITS}/{vendor.id}/refunds/{first}/paid")
    assert (done.status_code, done.headers["location"]) == (303, f"{UNITS}/{vendor.id}")
    shown = aria.get(f"{UNITS}/{vendor.id}").text
    assert "says Aria" in shown and f"{first}/paid" not in shown
    assert "2 refunds of L$\N{NO-BREAK SPACE}500" in aria.get("/dashboard").text
    for refund, said in ((first, "paid already"), (second, "has begun to pay")):
        refused = aria.post(f"{UNITS}/{vendor.id}/refunds/{refund}/paid")
        assert refused.status_code == 409 and said in refused.text
    assert aria.post(f"{UNITS}/{vendor.id}/refunds/{third}/paid").status_code == 404
    assert "marked a refund of L$250 as paid" in aria.get("/dashboard/audit").text
    api.clock.advance(601)
    assert "has not said what came of it" in aria.get(UNITS).text


@pytest.mark.contract("9.35")
@one_engine
def test_silence_is_shown(api: ApiFixture, aria: Browser) -> None:
    counter = InWorldObject(api, "terminal", name=HOSTILE)
    assert "Silent since" not in aria.get(UNITS).text
    api.clock.advance(units.SILENT_AFTER / 1000)
    for page in (UNITS, f"{UNITS}/{counter.id}"):
        assert "Silent since" in aria.get(page).text
    overview = aria.get("/dashboard").text
    assert HOSTILE not in overview and "is silent</a>" in overview
    assert f'href="{UNITS}/{counter.id}"' in overview
    counter.send("messages", {"sent": ""})
    assert "Silent since" not in aria.get(UNITS).text
    assert "is silent</a>" not in aria.get("/dashboard").text


@one_engine
def test_claims_have_pages(api: ApiFixture, aria: Browser) -> None:
    box = InWorldObject(api)
    for number in range(52):
        assert box.claim(stranger(number)).status_code == 200
    first = aria.get(f"{UNITS}/{box.id}").text
    found = re.search(r'href="([^"]+)" rel="next"', first)
    assert found is not None
    second = aria.get(unescape(found[1])).text
    seen = re.findall(r"/dashboard/cards/([\w-]+)", first + second)
    assert len(seen) == len(set(seen)) == 52


@one_engine
def test_hostile_names_are_texts(api: ApiFixture, aria: Browser) -> None:
    unit = make_unit(api, name=HOSTILE)["id"]
    for page in (UNITS, f"{UNITS}/{unit}", f"{UNITS}/{unit}/script"):
        text = aria.get(page).text
        assert HOSTILE not in text and "&lt;script&gt;alert(1)" in text


@one_engine
def test_another_stores_unit(api: ApiFixture, aria: Browser) -> None:
    key = api.key
    api.key = api.add_key("units:write", store=api.add_store("Elsewhere", OWNER)).key
    theirs = make_unit(api)["id"]
    api.key = key
    aria.get(UNITS)
    for action in ("change", "switch", "code", "round", "revoke"):
        fields: dict[str, Any] = {"name": "Mine", "to": "off"}
        assert aria.press(f"{UNITS}/{theirs}/{action}", fields).status_code == 404
    for page in ("", "/script"):
        assert aria.get(f"{UNITS}/{theirs}{page}").status_code == 404
    paid = f"{UNITS}/{theirs}/refunds/{theirs}/paid"
    assert aria.post(paid).status_code == 404
    assert theirs not in aria.get(UNITS).text


@one_engine
def test_the_script_has_the_servers_address(people: People) -> None:
    ours = people.signed_in("Aria")
    box = make_unit(ours.api)["id"]
    page = ours.get(f"{UNITS}/{box}/script").text
    address = ours.api.settings.public_url
    assert (f'"{address}' in unescape(page)) is bool(address)
    assert ("llLinksetDataWrite" in page) is bool(address)  # the one for other languages
    directory = make_unit(ours.api, kind="directory")["id"]
    assert ours.get(f"{UNITS}/{directory}/script").status_code == 200
