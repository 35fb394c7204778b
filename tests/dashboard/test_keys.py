"""API keys: made, replaced and revoked by an owner, and shown once."""

import re
from html import unescape

import pytest

from gridgift.domain import keys
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.model import Key
from tests.api import JO, START, ApiFixture
from tests.dashboard.people import Browser, People, seen_on
from tests.http.checks import one_engine

KEYS = "/dashboard/keys"
STORE = "/v1/store"


def shown_key(text: str) -> str:
    """Return the key that a page shows this once."""
    found = re.search(r'<input id="key" readonly value="([^"]+)"', text)
    assert found is not None, text
    return unescape(found[1])


def named(api: ApiFixture, name: str) -> Key:
    """Return the store's key of a name."""
    found: list[Key] = api.read(keys.list_of, api.store.id)
    return next(key for key in found if key.name == name)


def test_a_key_is_made_shown_once_and_opens_what_was_ticked(api: ApiFixture, aria: Browser) -> None:
    aria.get(KEYS)
    made = aria.post(KEYS, {"name": "web shop", "scopes": "store:read"})
    assert made.status_code == 200
    key = shown_key(made.text)
    stored = named(api, "web shop")
    assert (stored.hash, stored.scopes) == (keys.digest(key), {"store:read"})
    assert stored.expires_at is None
    assert api.call("GET", STORE, key=key).status_code == 200
    assert api.call("GET", "/v1/giftcards/x", key=key).status_code == 403
    page = aria.get(KEYS).text
    assert key not in page and stored.preview in page
    assert "Read the store&#39;s own details." in page
    told = api.call("GET", "/ext/v1/events", params={"types": "key.changed"})
    assert told.status_code == 200


def test_a_key_ends_with_its_last_day_in_the_stores_zone(api: ApiFixture, aria: Browser) -> None:
    aria.get(KEYS)
    fields = {"name": "for a while", "scopes": "store:read", "last_day": "2026-12-31"}
    assert aria.post(KEYS, fields).status_code == 200
    ends = named(api, "for a while").expires_at
    assert ends is not None
    assert "31 Dec 2026, 23:59" not in aria.get(KEYS).text
    assert "1 Jan 2027, 00:00" in aria.get(KEYS).text  # Second Life's midnight
    assert ends == 1_798_790_400_000


@pytest.mark.parametrize("overlap", ["0", "1h"])
def test_a_new_key_takes_the_old_ones_place(api: ApiFixture, aria: Browser, overlap: str) -> None:
    aria.get(KEYS)
    old = shown_key(aria.post(KEYS, {"name": "web shop", "scopes": "store:read"}).text)
    first = named(api, "web shop")
    rotated = aria.press(f"{KEYS}/{first.id}/rotate", {"overlap": overlap})
    new = shown_key(rotated.text)
    assert new != old
    assert named(api, "web shop").hash == keys.digest(new)
    assert api.call("GET", STORE, key=new).status_code == 200
    for passed, still in ((0, overlap == "1h"), (HOUR, False)):
        api.clock.advance(passed // 1000)
        assert api.read(keys.read, api.store.id, first.id).works(api.clock.now()) is still


def test_a_revoked_key_opens_nothing(api: ApiFixture, aria: Browser) -> None:
    aria.get(KEYS)
    key = shown_key(aria.post(KEYS, {"name": "web shop", "scopes": "store:read"}).text)
    stored = named(api, "web shop")
    shown = seen_on(aria.get(KEYS).text, stored.id)
    assert aria.press(f"{KEYS}/{stored.id}/revoke").status_code == 303
    page = aria.get(KEYS).text
    assert "“web shop” is revoked" in page and "Revoked on" in page
    assert api.call("GET", STORE, key=key).status_code == 401
    again = aria.post(f"{KEYS}/{stored.id}/rotate", {"overlap": "0", "seen": shown})
    assert again.status_code == 412
    assert "“web shop” has changed meanwhile" in again.text
    assert "<dt>Revoked</dt><dd>no → yes</dd>" in again.text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "web shop"}, "Tick at least one."),
        ({"name": "web shop", "scopes": "all"}, "Unknown: all"),
        ({"name": "xy", "scopes": "store:read"}, "Must have 3 to 128 printable characters."),
        ({"name": "all scopes", "scopes": "store:read"}, "all scopes"),
        ({"name": "web shop", "scopes": "store:read", "last_day": "31.12.2026"}, "Must be a date"),
        (
            {"name": "web shop", "scopes": "store:read", "last_day": "2020-01-01"},
            '<p class="problem" id="last_day-problem">Must be in the future.',
        ),
    ],
)
@one_engine
def test_what_is_refused_is_said_and_makes_no_key(
    api: ApiFixture, aria: Browser, fields: dict[str, str], why: str
) -> None:
    aria.get(KEYS)
    refused = aria.post(KEYS, fields)
    assert refused.status_code in {400, 409}
    assert why in unescape(refused.text)
    assert refused.text.count(" autofocus") == 1  # the browser leads to what is wrong
    assert f'value="{fields["name"]}"' in refused.text
    assert len(api.read(keys.list_of, api.store.id)) == 1


@one_engine
def test_when_keys_were_used_and_end_is_told(api: ApiFixture, aria: Browser) -> None:
    api.add_key("store:read", expires_at=START + 5 * DAY)
    assert "never used" in aria.get(KEYS).text
    api.sql(f"UPDATE api_keys SET last_used_at = {START - 3 * HOUR}")
    page = aria.get(KEYS).text
    assert "3 hours ago" in page and "never used" not in page
    assert 'class="st soon">works until' in page
    api.clock.advance(6 * DAY // 1000)
    owner = People(api).browser()
    owner.use_link(People(api).link("Aria"))
    assert "1 that works no more" in owner.get(KEYS).text


@one_engine
def test_another_stores_key_is_not_there(api: ApiFixture, aria: Browser) -> None:
    other = api.add_key("store:read", store=api.add_store("Elsewhere", JO)).stored
    aria.get(KEYS)
    for action in ("rotate", "revoke"):
        assert aria.press(f"{KEYS}/{other.id}/{action}").status_code == 404
    assert api.read(keys.read, other.store_id, other.id) == other
