"""Webhooks: addresses, secrets, changes and their events (contract section 10)."""

import asyncio
from typing import Any

import msgspec
import pytest

from gridgift.domain import deliveries, webhooks
from gridgift.domain.events import Event
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller
from gridgift.domain.paging import Position
from gridgift.domain.webhook_failures import (
    TooManyWebhooks,
    WebhookInactive,
    WebhookNotFound,
)
from gridgift.domain.webhooks import MAX_WEBHOOKS, Secrets, Wanted, Webhook
from tests.domain.fixture import DomainFixture
from tests.domain.test_events import read

URL = "https://shop.example/hook"


def caller(domain: DomainFixture) -> Caller:
    return Caller(domain.store.id, "operator", "tester", "request")


def made(domain: DomainFixture, **wanted: Any) -> Webhook:
    webhook: Webhook = domain.write(
        webhooks.create, caller(domain), new_id(), Wanted(**{"url": URL, **wanted})
    )
    return webhook


def told(domain: DomainFixture) -> list[Event]:
    return [each for each in read(domain).rows if each.subject_kind == "webhook"]


def test_a_webhook_is_kept_as_it_was_made(domain: DomainFixture) -> None:
    webhook = made(domain, types=("gift_card.redeemed",))
    assert domain.read(webhooks.read, domain.store.id, webhook.id) == webhook
    assert webhook.active
    page = domain.read(webhooks.list_of, domain.store.id, Position(), 10)
    assert page.rows == [webhook]


def test_each_change_is_an_event_without_the_address(domain: DomainFixture) -> None:
    webhook = made(domain, url=f"{URL}?token=hidden")
    who = caller(domain)
    domain.write(webhooks.update, who, webhook.id, Wanted(active=False))
    domain.write(webhooks.update, who, webhook.id, Wanted(active=False))  # it is already
    domain.write(webhooks.update, who, webhook.id, Wanted(active=True))
    domain.write(webhooks.rotate, who, webhook.id)
    domain.write(webhooks.delete, who, webhook.id)
    found = told(domain)
    assert [each.type for each in found] == ["webhook.changed"] * 5
    assert {each.subject_id for each in found} == {webhook.id}
    assert all(each.actor_id == "tester" and each.seq is None for each in found)
    assert found[0].before is None
    assert found[-1].after is None
    after = [msgspec.json.decode(each.after.state) for each in found[:-1] if each.after]
    assert [each["active"] for each in after] == [True, False, True, True]
    assert [each["secretVersion"] for each in after] == [1, 1, 1, 2]
    assert after[1]["disabledReason"] == "switched_off"
    assert "hidden" not in str(found)


def test_what_is_deleted_is_gone(domain: DomainFixture) -> None:
    webhook, who = made(domain), caller(domain)
    domain.write(webhooks.delete, who, webhook.id)
    for operation, more in (
        (webhooks.delete, ()), (webhooks.rotate, ()), (webhooks.ping, ()),
        (webhooks.update, (Wanted(active=True),)),
    ):  # fmt: skip
        with pytest.raises(WebhookNotFound):
            domain.write(operation, who, webhook.id, *more)
    with pytest.raises(WebhookNotFound):
        domain.read(deliveries.list_of, domain.store.id, webhook.id, None, None, Position(), 10)


def test_a_ping_needs_a_webhook_that_is_on(domain: DomainFixture) -> None:
    webhook, who = made(domain), caller(domain)
    domain.write(webhooks.ping, who, webhook.id)
    assert [each.type for each in told(domain)] == ["webhook.changed", "ping"]
    domain.write(webhooks.disable, who, webhook.id, "gone")
    with pytest.raises(WebhookInactive):
        domain.write(webhooks.ping, who, webhook.id)


def test_secrets_are_the_webhooks_own_and_change_with_each_rotation(
    domain: DomainFixture,
) -> None:
    secrets, who = Secrets(b"server"), caller(domain)
    one, other = made(domain), made(domain)
    first = secrets.of(one.id, 1)
    assert first.startswith("whsec_")
    assert first == secrets.of(one.id, 1)
    assert len({first, secrets.of(other.id, 1), secrets.of(one.id, 2)}) == 3
    assert first != Secrets(b"another").of(one.id, 1)
    rotated = domain.write(webhooks.rotate, who, one.id)
    until = domain.now + DAY
    assert secrets.counting(rotated, until - 1) == (secrets.of(one.id, 2), first)
    assert secrets.counting(rotated, until) == (secrets.of(one.id, 2),)


def test_a_store_has_fifty(domain: DomainFixture) -> None:
    for _ in range(MAX_WEBHOOKS - 1):
        made(domain)

    async def both() -> list[Any]:
        return await asyncio.gather(
            *(
                domain.database.write(webhooks.create, caller(domain), new_id(), Wanted(url=URL))
                for _ in range(2)
            ),
            return_exceptions=True,
        )

    outcomes = domain.run(both())
    assert sorted(type(each).__name__ for each in outcomes) == [
        TooManyWebhooks.__name__,
        Webhook.__name__,
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "ftp://shop.example/", "https://", "https:///hook", "shop.example",
        "https://user@shop.example/", "https://u:p@shop.example/", "https://shop.example/#part",
        "https://shop.example:0/", "https://shop.example:99999/", "https://[::1]/",
        "https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/", "https://[fc00::1]/",
        "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://0x7f.1/", "https://127.1/",
        "https://localhost/", "https://printer.local/", "https://intern/", "https://a.internal./",
        "https://shop.example/a b", "https://shop.example/\n", "https://shöp.example/",
        "https://shop.example/" + "a" * 2_000, "https://shop.example\\@127.0.0.1/", "https://[1/",
    ],
)  # fmt: skip
def test_an_address_is_public_and_whole(domain: DomainFixture, url: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        made(domain, url=url)
    assert refused.value.errors.keys() == {"url"}
    webhook = made(domain)
    with pytest.raises(ValidationFailed):
        domain.write(webhooks.update, caller(domain), webhook.id, Wanted(url=url))
    assert domain.read(webhooks.read, domain.store.id, webhook.id) == webhook


def test_a_private_address_can_be_allowed(domain: DomainFixture) -> None:
    wanted = Wanted(url="http://127.0.0.1:9000/hook", format="discord")
    with pytest.raises(ValidationFailed):
        domain.write(webhooks.create, caller(domain), new_id(), wanted)
    made = domain.write(webhooks.create, caller(domain), new_id(), wanted, allow_private=True)
    assert made.url == wanted.url


@pytest.mark.contract("10.134")
def test_only_discord_takes_its_format(domain: DomainFixture) -> None:
    with pytest.raises(ValidationFailed) as refused:
        made(domain, format="discord")
    assert "discord.com" in refused.value.detail
    for host in ("discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com"):
        made(domain, format="discord", url=f"https://{host}/api/webhooks/1/token")
    for host in ("discord.com.example.com", "notdiscord.com", "any.discord.com"):
        with pytest.raises(ValidationFailed):
            made(domain, format="discord", url=f"https://{host}/api/webhooks/1/token")


def test_unknown_types_are_refused(domain: DomainFixture) -> None:
    with pytest.raises(ValidationFailed) as refused:
        made(domain, types=("gift_card.lost",))
    assert refused.value.errors.keys() == {"types"}
