"""schemathesis on a running server: what /openapi.json says is true, whatever is sent."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gridgift.app import connect
from gridgift.domain import credit, grants, holds, purchases, residents, units, webhooks
from gridgift.domain.accounts import Change
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.instants import HOUR
from gridgift.domain.model import Caller, Resident
from gridgift.domain.purchases import Payment
from gridgift.domain.residents import parse_identifier
from gridgift.domain.units import UnitSettings
from gridgift.domain.webhooks import Wanted
from gridgift.http.api.credit import CREDIT_CHANGE_EXAMPLE
from gridgift.http.table import ROUTES
from gridgift.unit_views import REFUND_EXAMPLE, UNIT_EXAMPLE
from gridgift.views import CARD_EXAMPLE, HOLD_EXAMPLE
from gridgift.webhook_views import DELIVERY_EXAMPLE, WEBHOOK_EXAMPLE
from tests.deliveries import delivery_rows
from tests.domain.fixture import bare_sql
from tests.http.requests import NOON
from tests.serving import Server

HERE = Path(__file__).parent
USERNAME = CARD_EXAMPLE["ownerUsername"]
METRICS_TOKEN = "m" * 16

# The phases of schemathesis in two tests, which may run at once, and more than how many requests
# each must make. The systematic one gets from every route the answer of success.
SYSTEMATIC = "examples,coverage"
CASES = {SYSTEMATIC: 1_500, "fuzzing,stateful": 400}

ALWAYS_REFUSED = {
    "/v1/customer/redelivery": 400,
    "/v1/customer/news/{id}/request-item": 400,
}


@pytest.fixture
def example_server(make_server: Callable[..., Server]) -> Server:
    """A server on which the document's examples are true: what they name is there."""
    server = make_server(GRIDGIFT_METRICS_TOKEN=METRICS_TOKEN)
    asyncio.run(_make_the_example_true(server))
    return server


@pytest.mark.parametrize("phases", CASES)
def test_the_document_is_true(example_server: Server, engine: str, phases: str) -> None:
    """Whatever is sent; the systematic phases send what is wrong once, not to each engine.

    The edge refuses it before an operation begins, whatever the engine, and it is two in three of
    their requests. The other phases send what is wrong to both engines.
    """
    right_only = engine == "postgres" and phases == SYSTEMATIC
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")),
            *("--config-file", str(HERE / "schemathesis.toml"), "run", "--phases", phases),
            *("--mode", "positive" if right_only else "all"),
            *("--checks", "all", "--continue-on-failure", "--no-color"),
            f"{example_server.url}/openapi.json",
        ],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.live.schemathesis_hooks",
            "EXAMPLE_URL": example_server.url,
            "EXAMPLE_KEY": example_server.key,
            "EXAMPLE_TOKEN": _token(example_server),
            "EXAMPLE_METRICS_TOKEN": METRICS_TOKEN,
        },
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
    )
    report = run.stdout + run.stderr
    assert run.returncode == 0, report
    # schemathesis leaves out the address that it reads the document from
    assert _count(r"Tested: (\d+)", report) == len(ROUTES) - 1, report
    assert _count(r"(\d+) generated", report) > CASES[phases], report
    assert "returned only 401/403" not in report, report
    assert '"status":5' not in example_server.log()
    answered = _answered(example_server)
    for route in ROUTES if phases == SYSTEMATIC else ():
        status = ALWAYS_REFUSED.get(route.path, route.status)
        assert (route.method, route.path, status) in answered


def _token(server: Server) -> str:
    """Make a token for the example's resident."""
    with server.client() as client:
        body = {"customerIdentifier": USERNAME}
        token: str = client.post("/v1/customer-tokens", json=body).json()["token"]
        return token


def _answered(server: Server) -> set[tuple[str, str, int]]:
    """Read off the log which route answered with which status."""
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return {(line["method"], line["route"], line["status"]) for line in lines if "route" in line}


def _count(pattern: str, report: str) -> int:
    found = re.search(pattern, report)
    return int(found[1]) if found else 0


async def _deliver(server: Server) -> None:
    """Make the example's delivery."""
    place = (server.store_id, WEBHOOK_EXAMPLE["id"], "failed", NOON)
    _, statements = delivery_rows(*place, delivery_id=DELIVERY_EXAMPLE["id"])
    for statement in statements:
        await bare_sql(server.database_url, statement)


async def _make_the_example_true(server: Server) -> None:
    database = connect(server.settings)
    owner = Resident(CARD_EXAMPLE["ownerUuid"], USERNAME)
    caller = Caller(server.store_id, "key", server.key_id, "example")
    card, hold, spend = CARD_EXAMPLE["id"], HOLD_EXAMPLE["id"], CREDIT_CHANGE_EXAMPLE["id"]
    credit_before, spent = Change(1250, "prize", "hunt 2026"), Change(500, "order", "order 1042")
    terms, to = Terms(CARD_EXAMPLE["credit"], transfer=True), parse_identifier(USERNAME)
    try:
        await database.write(residents.remember, owner)
        for card_id in (card, new_id()):
            await database.write(grants.grant, GrantRequest(caller, to, terms, card_id))
        await database.write(holds.place, caller, card, hold, 100, HOUR)
        await database.write(credit.deposit, caller, to, credit_before, new_id())
        unit = UnitSettings("Welcome gift")
        await database.write(units.create, caller, UNIT_EXAMPLE["id"], "delivery", unit)
        payment = Payment(REFUND_EXAMPLE["id"], bytes(32), owner, 250, NOON)
        sold = (UNIT_EXAMPLE["id"], payment, new_id(), REFUND_EXAMPLE["reason"])
        await database.write(purchases.sell, caller, *sold)
        await database.write(credit.spend, caller, to, spent, spend)
        wanted = Wanted(WEBHOOK_EXAMPLE["url"])
        await database.write(webhooks.create, caller, WEBHOOK_EXAMPLE["id"], wanted)
        await _deliver(server)
    finally:
        await database.close()
