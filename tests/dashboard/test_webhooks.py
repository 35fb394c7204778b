"""Webhooks: made and changed by an owner, with what was posted and what came of it."""

import re
from html import unescape
from typing import Any

import pytest

from gridgift.domain import deliveries, webhooks
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.webhooks import Secrets, Wanted, Webhook
from tests.api import JO, SECRET, START, ApiFixture, operator
from tests.dashboard.people import UNKNOWN, Browser
from tests.deliveries import delivery_rows
from tests.http.checks import one_engine

WEBHOOKS = "/dashboard/webhooks"
URL = "https://shop.example.com/hooks"
HOSTILE = "<script>alert(1)</script>"


def stored(api: ApiFixture, webhook_id: str) -> Webhook:
    """Return a webhook as it is now."""
    found: Webhook = api.read(webhooks.read, api.store.id, webhook_id)
    return found


def made(api: ApiFixture, **wanted: Any) -> str:
    """Make a webhook; return its id."""
    caller = operator(api.store.id)
    new = api.write(webhooks.create, caller, UNKNOWN, Wanted(**({"url": URL} | wanted)))
    webhook_id: str = new.id
    return webhook_id


def posted(api: ApiFixture, webhook_id: str, state: str, at: int = START) -> str:
    """Leave a delivery with two attempts; return its id."""
    delivery, statements = delivery_rows(api.store.id, webhook_id, state, at, "gift_card.redeemed")
    for statement in statements:
        api.sql(statement)
    return delivery


def secret_of(text: str) -> str | None:
    """Return the secret that a page shows this once."""
    found = re.search(r'<input id="secret" readonly value="([^"]+)"', text)
    return found and unescape(found[1])


def test_a_webhook_is_made_changed_paused_and_deleted(api: ApiFixture, aria: Browser) -> None:
    assert "Nothing is posted anywhere" in aria.get(WEBHOOKS).text
    page = aria.post(WEBHOOKS, {"url": URL, "types": "gift_card.redeemed"})
    assert page.status_code == 200
    ((webhook_id,),) = api.sql("SELECT id FROM webhooks")
    secrets = Secrets(SECRET.encode())
    assert secret_of(page.text) == secrets.of(str(webhook_id), 1)
    one = f"{WEBHOOKS}/{webhook_id}"
    assert secret_of(aria.get(one).text) is None
    assert stored(api, str(webhook_id)).types == ("gift_card.redeemed",)
    changed = aria.press(f"{one}/change", {"url": f"{URL}/2"})
    assert (changed.status_code, changed.headers["location"]) == (303, one)
    webhook = stored(api, str(webhook_id))
    assert (webhook.url, webhook.types) == (f"{URL}/2", ())
    assert aria.press(f"{one}/switch", {"to": "off"}).status_code == 303
    assert "Paused" in aria.get(one).text
    refused = aria.press(f"{one}/test")
    assert refused.status_code in {400, 409} and "is switched off" in refused.text
    assert aria.press(f"{one}/switch", {"to": "on"}).status_code == 303
    assert stored(api, str(webhook_id)).active
    rotated = aria.press(f"{one}/rotate")
    assert secret_of(rotated.text) == secrets.of(str(webhook_id), 2)
    assert "the secret before counts until" in rotated.text
    assert aria.press(f"{one}/delete").status_code == 303
    assert "The webhook is deleted." in aria.get(WEBHOOKS).text
    assert aria.get(one).status_code == 404


def test_a_test_event_is_noted(api: ApiFixture, aria: Browser) -> None:
    webhook = made(api)
    aria.get(WEBHOOKS)
    assert aria.press(f"{WEBHOOKS}/{webhook}/test").status_code == 303
    assert "is on its way" in aria.get(f"{WEBHOOKS}/{webhook}").text
    assert api.sql("SELECT count(*) FROM events WHERE type = 'ping'") == [(1,)]


def test_deliveries_are_shown_and_posted_again(api: ApiFixture, aria: Browser) -> None:
    webhook = made(api)
    failed = posted(api, webhook, "failed")
    posted(api, webhook, "delivered", START + 1)
    one, kept = f"{WEBHOOKS}/{webhook}", (api.store.id, webhook, failed)
    every, some = aria.get(one).text, aria.get(f"{one}?state=failed").text
    assert (every.count("/again"), some.count("/again")) == (2, 1)
    assert "Gift card redeemed" in some
    page = aria.get(f"{one}/deliveries/{failed}").text
    for said in ("No answer: timed out", "Answered with 503", "Later.", "48 ms", "Failed"):
        assert said in page, said
    again = aria.press(f"{one}/deliveries/{failed}/again")
    assert again.headers["location"] == f"{one}/deliveries/{failed}"
    delivery, _ = api.read(deliveries.read, *kept)
    assert delivery.state in {"pending", "failed"} and delivery.next_attempt_at != START + 9
    aria.get(one)
    assert aria.press(f"{one}/switch", {"to": "off"}).status_code == 303
    refused = aria.press(f"{one}/deliveries/{failed}/again")
    assert refused.status_code in {400, 409} and "is switched off" in refused.text


@one_engine
def test_webhooks_to_one_host_are_told_apart(api: ApiFixture, aria: Browser) -> None:
    """By the end of the address: two channels of Discord differ in nothing else."""
    made(api)
    assert "<code>" not in aria.get(WEBHOOKS).text
    for token in ("aaaaaaaa1", "aaaaaaaa2"):
        url = f"https://discord.com/api/webhooks/1180000000000000000/{token}"
        api.write(webhooks.create, operator(api.store.id), new_id(), Wanted(url, format="discord"))
    page = aria.get(WEBHOOKS).text
    assert re.findall("<code>(.*?)</code>", page) == ["…aaaaa1", "…aaaaa2"]
    for place in ("orders", "stocks"):
        wanted = Wanted(f"https://shop.example.com/a/long/way/to/{place}/hooks")
        api.write(webhooks.create, operator(api.store.id), new_id(), wanted)
    shown = set(re.findall("<code>(.*?)</code>", aria.get(WEBHOOKS).text))
    assert shown >= {"/hooks", "…long/way/to/orders/hooks", "…long/way/to/stocks/hooks"}


@one_engine
def test_what_is_due_is_posted_again_in_a_moment(api: ApiFixture, aria: Browser) -> None:
    webhook = made(api)
    posted(api, webhook, "pending")
    assert "again in a moment" in aria.get(f"{WEBHOOKS}/{webhook}").text


@one_engine
def test_deliveries_have_pages(api: ApiFixture, aria: Browser) -> None:
    webhook = made(api)
    sent = [posted(api, webhook, "failed", START + number) for number in range(52)]
    one = f"{WEBHOOKS}/{webhook}"
    first = aria.get(f"{one}?state=failed").text
    found = re.search(r'href="([^"]+)" rel="next"', first)
    assert found is not None and "state=failed" in found[1]
    second = aria.get(unescape(found[1])).text
    seen = re.findall(r'deliveries/([\w-]+)"', first + second)
    assert seen == sent[::-1]


@one_engine
def test_what_fails_is_said_and_what_was_answered_is_only_text(
    api: ApiFixture, aria: Browser
) -> None:
    webhook = made(api, url=f"{URL}?{HOSTILE.replace('<', '%3C')}")
    api.sql(f"UPDATE webhooks SET failing_since = {START - HOUR}")
    failed = posted(api, webhook, "failed")
    api.sql(f"UPDATE webhook_attempts SET response = '{HOSTILE}'")
    assert "Fails since" in aria.get(WEBHOOKS).text
    page = aria.get(f"{WEBHOOKS}/{webhook}/deliveries/{failed}").text
    assert HOSTILE not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "Is required."),
        ({"url": "http://shop.example.com"}, "Must begin with https://"),
        ({"url": "https://127.0.0.1/x"}, "Must not be in a private network"),
        ({"url": URL, "types": "card.lost"}, "Unknown: card.lost"),
        ({"url": URL, "format": "discord"}, "for this format"),
        ({"url": f"https://{'x' * 2000}.example.com"}, "at most 2,000"),
    ],
)
@one_engine
def test_what_is_refused_is_said_and_makes_nothing(
    api: ApiFixture, aria: Browser, fields: dict[str, str], why: str
) -> None:
    webhook = made(api)
    before = api.sql("SELECT * FROM webhooks")
    aria.get(WEBHOOKS)
    one = f"{WEBHOOKS}/{webhook}/change"
    for path, refused in ((WEBHOOKS, aria.post(WEBHOOKS, fields)), (one, aria.press(one, fields))):
        assert refused.status_code == 400
        assert why.lower() in unescape(refused.text).lower(), path
    assert api.sql("SELECT * FROM webhooks") == before


@one_engine
def test_another_stores_webhook_is_not_there(api: ApiFixture, aria: Browser) -> None:
    webhook = made(api)
    failed = posted(api, webhook, "failed", START - DAY)
    other = api.add_store("Elsewhere", JO)
    api.sql(f"UPDATE webhooks SET store_id = '{other.id}'")
    before = api.sql("SELECT * FROM webhooks")
    one = f"{WEBHOOKS}/{webhook}"
    aria.get(WEBHOOKS)
    for path in (one, f"{one}/deliveries/{failed}"):
        assert aria.get(path).status_code == 404
    for action in ("change", "switch", "rotate", "test", "delete", f"deliveries/{failed}/again"):
        assert aria.press(f"{one}/{action}", {"url": URL, "to": "off"}).status_code == 404, action
    assert api.sql("SELECT * FROM webhooks") == before
