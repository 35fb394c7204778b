"""``gridgift webhook``: the same as the API does."""

import asyncio
import base64
import time
from typing import Any

import pytest

from gridgift.domain import deliveries
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.deliveries import delivery_rows
from tests.domain.fixture import bare_sql
from tests.serving import PATIENCE

URL = "https://shop.example.com/hooks"
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
NOON = 1_795_694_400_000  # 2026-11-26T12:00:00Z


def delivered(cli: CommandRunner, webhook: str, state: str, at: int = NOON) -> str:
    """Note a delivery of an event of some instant, with two attempts; return its id."""
    (store,) = cli.json("store", "list")
    delivery, statements = delivery_rows(store["id"], webhook, state, at)
    for statement in statements:
        run(cli, statement)
    return delivery


def run(cli: CommandRunner, statement: str) -> list[tuple[Any, ...]]:
    url = cli.environ["GRIDGIFT_DATABASE_URL"]
    return asyncio.run(bare_sql(url, statement))


@pytest.fixture
def webhook(both: CommandRunner) -> str:
    """A webhook of the only store, for events of all types."""
    add_store(both, "Moonwall Couture")
    return str(both.json("webhook", "add", URL)["id"])


def test_made_changed_and_removed(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    made = both.json("webhook", "add", URL, "--type", "gift_card.redeemed", "--type", "ping")
    secret = made.pop("secret")
    assert (made["url"], made["format"], made["active"]) == (URL, "standard", True)
    assert made["types"] == ["gift_card.redeemed", "ping"]
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert both.json("webhook", "list") == [made]
    assert both.json("webhook", "show", made["id"]) == made
    off = both.json("webhook", "update", made["id"], "--off", "--all-types", "--url", f"{URL}/2")
    assert off == made | {
        "url": f"{URL}/2", "types": [], "active": False, "disabledReason": "switched_off",
        "updatedAt": off["updatedAt"],
    }  # fmt: skip
    both("webhook", "ping", made["id"]).refused(1, "switched off")
    on = both.json("webhook", "update", made["id"], "--on")
    assert on == off | {"active": True, "disabledReason": None, "updatedAt": on["updatedAt"]}
    both.json("webhook", "ping", made["id"])
    rotated = both.json("webhook", "rotate", made["id"])
    assert rotated["secret"] != secret and rotated["previousUntil"] > rotated["updatedAt"]
    both.json("webhook", "remove", made["id"])
    assert both.json("webhook", "list") == []
    both("webhook", "show", made["id"]).refused(1, "There is no webhook")
    types = [*["webhook.changed"] * 3, "ping", *["webhook.changed"] * 2]
    noted = tail_of(both, len(types))
    assert [line.split()[1:4] for line in noted] == [[t, made["id"], "operator"] for t in types]
    assert secret not in "".join(noted) + both("event", "tail", "--kept", "--once", "--json").out


def tail_of(cli: CommandRunner, count: int) -> list[str]:
    """Return the lines of so many events; other transactions may keep them back for a moment."""
    until = time.monotonic() + PATIENCE
    while True:
        lines = cli("event", "tail", "--kept", "--once").out.splitlines()
        if len(lines) >= count:
            return lines
        assert time.monotonic() < until, lines


def test_the_secret_is_alone_on_standard_output(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    for words in (("add", URL), ("rotate", None)):
        webhooks = [each["id"] for each in both.json("webhook", "list")]
        told = both("webhook", *(word or webhooks[0] for word in words))
        assert told.out.startswith("whsec_") and told.out.count("\n") == 1
        assert told.out.strip() not in told.err and "shop.example.com" in told.err
        assert told.out.strip() not in both("webhook", "list", "--json").out
    both.environ["GRIDGIFT_SECRET"] = "another secret, as long as it has to be"
    both("webhook", "add", URL).refused(2, "GRIDGIFT_SECRET is another secret")
    both("webhook", "rotate", webhooks[0]).refused(2, "GRIDGIFT_SECRET is another secret")


def test_what_is_refused(cli: CommandRunner, store: str) -> None:
    for url in ("http://shop.example.com", "https://127.0.0.1/", "https://a:b@example.com"):
        cli("webhook", "add", url).refused(1, "URL: must")
    cli("webhook", "add", URL, "--type", "card.eaten").refused(1, "--type: unknown: card.eaten")
    cli("webhook", "add", URL, "--format", "slack").misused("--format", "discord")
    cli("webhook", "add", URL, "--format", "discord").refused(1, "URL: must begin with")
    made = cli.json("webhook", "add", URL)["id"]
    cli("webhook", "update", made).refused(2, "--url", "--off")
    cli("webhook", "update", made, "--type", "ping", "--all-types").refused(2, "not both")
    cli("webhook", "redeliver", made).refused(2, "--from")
    cli("webhook", "redeliver", made, UNKNOWN, "--from", "2026-11-26T12:00:00Z").refused(
        2, "a delivery's id, or --from"
    )
    cli("webhook", "redeliver", made, "--from", "yesterday").misused("--from", "2027-01-31T12")
    twice = ("--from", "2026-11-26T12:00:00Z", "--to", "2026-11-26T12:00:00Z")
    cli("webhook", "redeliver", made, *twice).refused(1, "--to: must be later than --from")
    cli("webhook", "redeliver", made, UNKNOWN).refused(1, "There is no delivery")
    cli("webhook", "deliveries", made, UNKNOWN).refused(1, "There is no delivery")
    cli("webhook", "deliveries", made, "--state", "lost").misused("--state", "pending")
    cli.environ["GRIDGIFT_WEBHOOK_ALLOW_PRIVATE"] = "1"
    assert cli.json("webhook", "add", "http://127.0.0.1:9/")["url"] == "http://127.0.0.1:9/"


def test_deliveries(both: CommandRunner, webhook: str) -> None:
    failed = delivered(both, webhook, "failed")
    pending = delivered(both, webhook, "pending", NOON + 1)
    shown = both.json("webhook", "deliveries", webhook)
    assert [(each["id"], each["state"], each["attempts"]) for each in shown] == [
        (pending, "pending", 2), (failed, "failed", 2),
    ]  # fmt: skip
    assert both.json("webhook", "deliveries", webhook, "--state", "failed") == shown[1:]
    assert both.json("webhook", "deliveries", webhook, "--limit", 1) == shown[:1]
    assert both.json("webhook", "deliveries", webhook, "--type", "ping") == []
    both("webhook", "deliveries", webhook, "--type", "pong").refused(1, "--type: must be one of")
    detailed = both.json("webhook", "deliveries", webhook, failed)
    assert [attempt["status"] for attempt in detailed["log"]] == [None, 503]
    told = both("webhook", "deliveries", webhook, failed).out
    assert "timed out" in told and "Later." in told
    (again,) = both.json("webhook", "redeliver", webhook, failed)
    assert (again["state"], again["attempts"]) == ("pending", 2)


def test_deliveries_of_a_time_are_posted_again(
    both: CommandRunner, webhook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = ("failed", "delivered", "failed", "failed")
    ids = [delivered(both, webhook, state, NOON + n) for n, state in enumerate(states)]
    since = ("--from", "2026-11-26T12:00:00.001Z")
    again = ("webhook", "redeliver", webhook, *since, "--to", "2026-11-26T12:00:00.003Z")
    assert both.json(*again) == {"redelivered": 1, "more": False, "nextCursor": None}
    pending = both.json("webhook", "deliveries", webhook, "--state", "pending")
    assert [each["id"] for each in pending] == [ids[2]]
    assert "1 delivery is posted again" in both(*again, "--state", "delivered").err
    whole = ("--from", "2026-11-26T12:00:00Z", "--to", "2026-11-26T13:00:00Z", "--state", "all")
    monkeypatch.setattr(deliveries, "AGAIN_AT_ONCE", 1)
    assert both.json("webhook", "redeliver", webhook, *whole)["redelivered"] == 2
    assert "0 deliveries are" in both("webhook", "redeliver", webhook, *whole).err


def test_tables_fit_a_terminal(both: CommandRunner, webhook: str) -> None:
    both.json("webhook", "add", f"https://{'h' * 60}.example.com/{'p' * 1000}")
    both("webhook", "update", webhook, "--off")
    delivery = delivered(both, webhook, "delivered")
    for words in (("list",), ("deliveries", webhook), ("deliveries", webhook, delivery)):
        lines = both("webhook", *words).out.splitlines()
        assert max(map(len, map(str.rstrip, lines))) <= 80, lines
        assert any(line.startswith((webhook, delivery)) for line in lines)
