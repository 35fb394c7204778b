"""schemathesis on a running server: what /openapi.json says is true, whatever is sent."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gridgift.app import connect, now
from gridgift.domain import giftcards, residents
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, Resident
from gridgift.domain.residents import parse_identifier
from gridgift.http.routes import CARD_EXAMPLE, ROUTES
from tests.serving import Server

HERE = Path(__file__).parent
USERNAME = CARD_EXAMPLE["ownerUsername"]


@pytest.fixture
def example_server(live_server: Server) -> Server:
    """A server on which the examples of the document are true: its resident and card are there."""
    asyncio.run(_make_the_example_true(live_server))
    return live_server


def test_the_document_is_true(example_server: Server) -> None:
    with example_server.client() as client:
        path = f"/v1/customers/{USERNAME}/giftcards"
        cursor = client.get(path, params={"limit": 1}).json()["pagination"]["nextCursor"]
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")),
            *("--config-file", str(HERE / "schemathesis.toml"), "run"),
            *("--checks", "all", "--continue-on-failure", "--no-color"),
            *("--header", f"X-API-Key: {example_server.key}"),
            f"{example_server.url}/openapi.json",
        ],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.live.schemathesis_hooks",
            "EXAMPLE_USERNAME": USERNAME,
            "EXAMPLE_CURSOR": cursor,
        },
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    report = run.stdout + run.stderr
    assert run.returncode == 0, report
    # schemathesis leaves out the address that it reads the document from
    assert _count(r"Tested: (\d+)", report) == len(ROUTES) - 1, report
    assert _count(r"(\d+) generated", report) > 500, report
    assert '"status":5' not in example_server.log()


def _count(pattern: str, report: str) -> int:
    found = re.search(pattern, report)
    return int(found[1]) if found else 0


async def _make_the_example_true(server: Server) -> None:
    database = connect(server.settings)
    try:
        owner = Resident(CARD_EXAMPLE["ownerUuid"], USERNAME)
        await database.write(residents.remember, owner, now())
        for card_id in (CARD_EXAMPLE["id"], new_id()):
            await database.write(
                giftcards.grant,
                Caller(server.store_id, "key", server.key_id, "example"),
                parse_identifier(USERNAME),
                Terms(CARD_EXAMPLE["credit"]),
                card_id,
                now(),
            )
    finally:
        await database.close()
