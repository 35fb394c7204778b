"""The store's settings, as its owner changes them."""

import re
from html import unescape

import pytest

from gridgift.domain import stores
from gridgift.domain.model import Store
from tests.api import START, ApiFixture
from tests.dashboard.people import Browser
from tests.http.checks import one_engine

SETTINGS = "/dashboard/settings"
TEXTURE = "89556747-24cb-43ed-920b-47caed15465f"
HOSTILE = "<script>alert(1)</script>\"' {{ 7 * 7 }}"
WHOLE = {
    "name": "Moon & Sons", "logo": TEXTURE.upper(), "card_lifetime": "90",
    "location_slurl": "https://maps.secondlife.com/secondlife/Moon/1/2/3",
    "customer_origin": "https://cards.example.com", "time_zone": "Europe/Berlin",
    "contact": "IM Aria Moonwall",
}  # fmt: skip


def stored(api: ApiFixture) -> Store:
    """Return the store as it is now."""
    store: Store = api.read(stores.read, api.store.id)
    return store


def typed(text: str) -> dict[str, str]:
    """Return what stands in a page's fields."""
    fields = dict(re.findall(r'<input id="(\w+)"[^>]* value="([^"]*)"', text))
    (zone,) = re.findall(r"<option selected>([^<]+)</option>", text)
    return {name: unescape(value) for name, value in fields.items()} | {"time_zone": zone}


def test_all_settings_are_changed_shown_and_emptied(api: ApiFixture, aria: Browser) -> None:
    assert typed(aria.get(SETTINGS).text)["name"] == api.store.name
    assert aria.press(SETTINGS, WHOLE).status_code == 303
    store = stored(api)
    assert (store.name, store.logo, store.card_lifetime) == ("Moon & Sons", TEXTURE, 90)
    assert store.location_slurl == WHOLE["location_slurl"]
    assert store.contact == WHOLE["contact"]
    assert (store.customer_origin, store.time_zone) == (WHOLE["customer_origin"], "Europe/Berlin")
    page = aria.get(SETTINGS).text
    assert "The settings are changed." in page
    assert typed(page) == WHOLE | {"logo": TEXTURE}
    assert f"picture-service.secondlife.com/{TEXTURE}/" in page
    assert "21 Sep 2026, 16:13" in page  # START in Berlin
    assert START == 1_790_000_000_000
    empty = dict.fromkeys(WHOLE, "") | {"name": "Moonwall", "time_zone": "UTC"}
    assert aria.press(SETTINGS, empty).status_code == 303
    store = stored(api)
    assert (store.logo, store.card_lifetime, store.customer_origin) == (None, None, None)
    assert (store.location_slurl, store.contact, store.time_zone) == ("", "", "UTC")


@one_engine
def test_a_hostile_name_is_only_text(aria: Browser) -> None:
    aria.get(SETTINGS)
    hostile = {"name": HOSTILE, "contact": HOSTILE}
    assert aria.press(SETTINGS, WHOLE | hostile).status_code == 303
    page = aria.get(SETTINGS).text
    assert HOSTILE not in page and "<script>alert" not in page
    assert typed(page) | hostile == typed(page)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("name", "", "Is required."), ("name", "a\u202eb", "printable"),
        ("name", "x" * 129, "128"), ("time_zone", "Mars/Olympus", "name of a time zone"),
        ("time_zone", "", "Is required."), ("logo", "89556747", "Must be a UUID"),
        ("location_slurl", "javascript:alert(1)", "Must be a map link"),
        ("contact", "x" * 201, "200"), ("contact", "Aria\u202eairA", "printable"),
        ("contact", "Aria\nhttps://x.test", "printable"),
        ("customer_origin", "https://x.test/path", "Must be an origin"),
        ("card_lifetime", "0", "Must be from 1 to 36,500 days"),
        ("card_lifetime", "1.5", "Must be from 1 to 36,500 days"),
        ("card_lifetime", "9" * 30, "Must be from 1 to 36,500 days"),
    ],
)  # fmt: skip
@one_engine
def test_what_is_refused_is_said_at_its_field(
    api: ApiFixture, aria: Browser, name: str, value: str, why: str
) -> None:
    aria.get(SETTINGS)
    refused = aria.press(SETTINGS, WHOLE | {name: value})
    assert refused.status_code == 400
    found = re.search(rf'id="{name}-problem">([^<]+)<', refused.text)
    assert found is not None and why in unescape(found[1])
    assert stored(api) == api.store
