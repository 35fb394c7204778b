"""The documentation's examples, run as printed: only host, key, token and ids are replaced."""

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, cast

import httpx2
import pytest

from gridgift.cli.sample import (
    EXAMPLE_CARDS,
    EXAMPLE_DELIVERY,
    EXAMPLE_HOLDS,
    EXAMPLE_LOT,
    EXAMPLE_REFUND,
    EXAMPLE_SPEND,
    EXAMPLE_UNIT,
    EXAMPLE_VENDOR,
    EXAMPLE_WEBHOOKS,
)
from gridgift.http.edge.customer_token import CustomerToken
from gridgift.http.edge.guards import Public
from gridgift.http.edge.unit import Pairing, Unit
from gridgift.http.table import ROUTES
from tests.api import JO, KELLY, ApiFixture, Clock
from tests.cli.commands import CommandRunner, Commands, Result
from tests.cli.node import Node
from tests.conftest import ENGINES
from tests.http.requests import make_unit, owe
from tests.receiver import Receiver, says
from tests.serving import PATIENCE, Server, free_port
from tests.walks import check_each

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
LANGUAGES = {
    "curl": (".sh", "sh", "curl"),
    "python": (".py", sys.executable, sys.executable),
    "javascript": (".mjs", "node", "node"),
    "php": (".php", "php", "php"),
}
# The one file with host, key and token; the examples in curl have them each.
SHARED = {"python": ("client.py",), "javascript": ("client.mjs",), "php": ("client.php",)}
HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
TOKEN = "gct_YOUR_TOKEN"
PLACEHOLDERS = {
    "key": (KEY,),
    "token": (TOKEN,),
    "card": EXAMPLE_CARDS,
    "hold": EXAMPLE_HOLDS,
    "lot": (EXAMPLE_LOT,),
    "spend": (EXAMPLE_SPEND,),
    "unit": (EXAMPLE_UNIT,),
    "vendor": (EXAMPLE_VENDOR,),
    "refund": (EXAMPLE_REFUND,),
    "webhook": EXAMPLE_WEBHOOKS,
    "delivery": (EXAMPLE_DELIVERY,),
}
CUSTOMER = "kelly.moonwall"
SCRIPTED = (Pairing, Unit)  # guards of what scripts in Second Life ask for
API = [r for r in ROUTES if not isinstance(r.guard, (Public, *SCRIPTED))]
OTHER_TABS = "customer_page_other_tabs"  # one file for what gift cards have nothing to do with
FILES = {
    route.name: OTHER_TABS
    if route.path.startswith(("/v1/customer/news", "/v1/customer/redelivery"))
    or route.path == "/v1/customer/transactions"
    else route.name
    for route in API
}
CARDS_ON_TWO_PAGES = 101


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Each language; skipped if this machine can't run it."""
    return installed(str(request.param))


def installed(name: str) -> str:
    """Return a language that this machine can run; otherwise skip the test."""
    needed = LANGUAGES[name][2]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed, so the examples in {name} can't run")
    if name == "php":
        loaded = subprocess.run([needed, "-m"], capture_output=True, text=True, check=True).stdout
        if "curl" not in loaded.split():
            pytest.skip("PHP's curl extension is not installed, so the examples in PHP can't run")
    return name


def run(runner: CommandRunner, file: Path, interpreter: str) -> Result:
    """Run a program; those in Python are forked, for it takes long to start one."""
    if interpreter == sys.executable:
        return runner.program(file)
    done = subprocess.run(
        [interpreter, file], capture_output=True, text=True, timeout=60, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


class Examples:
    """Runs one language's files for a store of their own on a server.

    Those in JavaScript run in one process, unless there is no ``node``.
    """

    def __init__(
        self, server: Server, language: str, runner: CommandRunner, node: Node | None
    ) -> None:
        self.server = server
        self.url = server.url
        self.language = language
        self.node = node
        self._runner = runner
        self._turn = Lock()

    def run(self, name: str, **replacements: str) -> Result:
        """Run an example as printed and return what came of it.

        ``replacements`` are what stands for key, token, card, hold, spend, unit, vendor, refund,
        webhook and delivery.
        """
        suffix, interpreter, _ = LANGUAGES[self.language]
        given = {"key": self.server.key} | replacements
        with self._turn:
            folder = self._shared(given)
            file = self._written(folder, f"{name}{suffix}", given)
            if interpreter == "node" and self.node is not None:
                return self.node.run(file)
        return run(self._runner, file, interpreter)

    def _shared(self, given: dict[str, str]) -> Path:
        """Return a folder of these keys, with the file that the examples share."""
        who = self.url, given["key"], given.get("token")
        folder = self._runner.folder / hashlib.sha256(repr(who).encode()).hexdigest()
        if not folder.exists():
            folder.mkdir()
            for name in SHARED.get(self.language, ()):
                self._written(folder, name, given)
        return folder

    def _written(self, folder: Path, name: str, given: dict[str, str]) -> Path:
        """Write a file with what stands for its placeholders."""
        text = (EXAMPLES / self.language / name).read_text(encoding="utf-8")
        replaced = text.replace(HOST, self.url).replace(CUSTOMER, KELLY.username)
        for what, instead in given.items():
            for placeholder in PLACEHOLDERS[what]:
                replaced = replaced.replace(placeholder, instead)
        file = folder / name
        file.write_text(replaced, encoding="utf-8")
        return file

    def output(self, name: str, **replacements: str) -> list[Any]:
        """Run an example that must succeed and return the JSON values it printed, one a line."""
        done = self.run(name, **replacements)
        assert done.code == 0, f"{self.language}/{name}: {done.out}{done.err}"
        return [json.loads(line) for line in done.out.splitlines()]

    def listed(self, name: str, **replacements: str) -> list[Any]:
        """Run an example that walks a list and return the rows; the one in curl prints pages."""
        printed = self.output(name, **replacements)
        if self.language == "curl":
            return [row for page in printed for row in page["data"]]
        return printed

    def client(self) -> httpx2.Client:
        """Make a client for the same store."""
        return self.server.client()


@pytest.fixture(scope="module", params=ENGINES)
def server(request: pytest.FixtureRequest, shared_server: Callable[..., Server]) -> Server:
    """One server on each engine for the whole file; each test has a store of its own there."""
    return shared_server(request.param)


# No client sees which engine is behind the server: each language runs on one, curl on both.
everywhere = pytest.mark.parametrize(
    ("server", "language"),
    [*(("sqlite", name) for name in LANGUAGES), ("postgres", "curl")],
    indirect=True,
)
one_server = pytest.mark.parametrize("server", ["sqlite"], indirect=True)


@pytest.fixture
def examples(
    server: Server, language: str, commands: Commands, tmp_path: Path, node: Node | None
) -> Examples:
    """One language's examples, ready to run in a store of their own."""
    return Examples(server.with_new_store(), language, CommandRunner(commands, tmp_path), node)


@pytest.fixture(scope="module")
def node() -> Iterator[Node | None]:
    """What runs the programs in JavaScript, if this machine can."""
    if shutil.which("node") is None:
        yield None
        return
    with Node.started() as started:
        yield started


def grant(client: httpx2.Client, credit: int = 500, **terms: Any) -> Any:
    """Grant Kelly a card."""
    path = f"/v1/customers/{KELLY.uuid}/actions/grant-gift-card"
    answer = client.post(path, json={"credit": credit} | terms)
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(client: httpx2.Client, path: str) -> Any:
    """Read what must be there."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@everywhere
def test_the_examples_do_what_they_say(examples: Examples):
    examples.node = None  # each in a process of its own, as a user has it
    with examples.client() as client:

        def card_now() -> Any:
            return read(client, f"/v1/giftcards/{granted['id']}")

        assert examples.output("get_store") == [read(client, "/v1/store")]

        (granted,) = examples.output("grant_gift_card")
        assert granted["ownerUuid"] == KELLY.uuid
        assert (granted["credit"], granted["transfer"]) == (500, True)
        assert card_now() == granted
        assert examples.output("grant_gift_card") == [granted], "the same order grants once"
        cards = read(client, f"/v1/customers/{KELLY.uuid}/giftcards")["data"]
        assert cards == [granted]

        assert examples.output("get_gift_card", card=granted["id"]) == [granted]

        (updated,) = examples.output("update_gift_card", card=granted["id"])
        assert updated == granted | {"credit": 250} == card_now()

        (disabled,) = examples.output("disable_gift_card", card=granted["id"])
        assert disabled == updated | {"active": False} == card_now()


@everywhere
def test_the_examples_for_the_store(examples: Examples):
    with examples.client() as client:
        grant(client)
        customers = read(client, "/v1/customers")["data"]
        assert [customer["username"] for customer in customers] == [KELLY.username]
        assert examples.listed("list_customers") == customers
        assert examples.output("list_loyalty_tiers") == [[]]
        before = read(client, "/ext/v1/store")
        assert examples.output("get_store_settings") == [before]
        (changed,) = examples.output("update_store_settings")
        there = {"locationSlUrl": "secondlife://Moonwall/128/128/23", "contact": "Aria Moonwall"}
        assert changed == before | there == read(client, "/ext/v1/store")


@everywhere
def test_the_examples_for_residents(examples: Examples):
    with examples.client() as client:
        (robin,) = examples.output("add_resident")
        assert robin["username"] == "robin.sommer"
        assert examples.output("add_resident") == [robin]
        assert read(client, "/ext/v1/residents/robin.sommer") == robin
        assert examples.output("get_resident") == [read(client, f"/ext/v1/residents/{KELLY.uuid}")]
        grant(client)
        listed = read(client, "/ext/v1/residents?prefix=kel")["data"]
        assert [resident["uuid"] for resident in listed] == [KELLY.uuid]
        assert examples.listed("list_residents") == listed


@everywhere
def test_the_examples_for_customers(examples: Examples):
    with examples.client() as client:
        grant(client)
        examples.output("deposit_credit")
        path = f"/ext/v1/customers/{KELLY.uuid}"
        found = read(client, "/ext/v1/customers?sort=-credit")["data"]
        assert [(customer["uuid"], customer["credit"]) for customer in found] == [(KELLY.uuid, 500)]
        assert examples.listed("find_customers") == found
        assert examples.output("get_customer") == [read(client, path)]
        entries = read(client, f"{path}/credit/entries")["data"]
        assert [entry["kind"] for entry in entries] == ["credit_deposited"]
        assert examples.listed("list_credit_entries") == entries


@everywhere
def test_the_examples_for_reports(examples: Examples):
    with examples.client() as client:
        grant(client)
        examples.output("deposit_credit")
        (owed,) = examples.output("read_liability")
        assert owed["owed"] == 1_000
        assert owed | {"at": ""} == read(client, "/ext/v1/reports/liability") | {"at": ""}
        (months,) = examples.output("read_activity")
        assert months["total"]["granted"] == {"count": 1, "amount": 500}
        assert months == read(client, "/ext/v1/reports/activity")


@everywhere
def test_the_list_example_walks_all_pages(examples: Examples):
    with examples.client() as client:
        client.post(f"/v1/giftcards/{grant(client, 1)['id']}/actions/disable")
        active = [grant(client, 1) for _ in range(CARDS_ON_TWO_PAGES)]
    assert examples.listed("list_gift_cards") == active


@everywhere
def test_the_examples_for_more_of_a_card(examples: Examples):
    with examples.client() as client:
        card = grant(client, transfer=True)["id"]
        (details,) = examples.output("get_gift_card_details", card=card)
        assert details == read(client, f"/ext/v1/giftcards/{card}")
        assert (details["available"], details["expiresAt"]) == (500, None)

        (dated,) = examples.output("patch_gift_card", card=card)
        assert dated["expiresAt"] == "2040-01-31T12:00:00Z"
        assert (dated["credit"], dated["transfer"], dated["active"]) == (500, True, True)

        adjusted = examples.output("adjust_gift_card", card=card)
        assert adjusted[0]["credit"] == 400
        assert examples.output("adjust_gift_card", card=card) == adjusted, "done once"

        (given,) = examples.output("transfer_gift_card", card=card)
        assert given["ownerUuid"] == JO.uuid

        (kept,) = examples.output("patch_gift_card_by_post", card=card)
        assert kept["transfer"] is False
        assert kept["expiresAt"] == dated["expiresAt"]

        (new,) = examples.output("reissue_gift_card", card=card)
        assert new["id"] != card
        assert (new["credit"], new["ownerUuid"]) == (400, JO.uuid)
        old = read(client, f"/v1/giftcards/{card}")
        assert (old["credit"], old["active"]) == (0, False)

        entries = examples.listed("list_gift_card_entries", card=card)
        assert entries == read(client, f"/ext/v1/giftcards/{card}/entries")["data"]
        kinds = ["granted", "updated", "adjusted", "transferred", "updated", "reissued"]
        assert [entry["kind"] for entry in entries] == kinds


@everywhere
def test_the_examples_for_notes_and_labels(examples: Examples):
    with examples.client() as client:
        card = grant(client, reference="order-1042")["id"]
        (labelled,) = examples.output("label_gift_card", card=card)
        assert labelled == {
            "reference": "order-1042",
            "tags": ["hunt 2026", "vip"],
            "metadata": {"shop": "mainland"},
        }
        assert examples.output("get_labels", card=card) == [labelled]
        noted = examples.output("add_note", card=card)
        assert examples.output("add_note", card=card) == noted, "noted once"
        assert examples.listed("list_notes", card=card) == noted


@everywhere
def test_the_example_follows_the_events(examples: Examples):
    with examples.client() as client:
        cards = [grant(client, 1)["id"] for _ in range(CARDS_ON_TWO_PAGES)]
    events = examples.listed("list_events")
    granted = [event for event in events if event["type"] == "gift_card.granted"]
    assert [event["about"]["giftCardId"] for event in granted] == cards


@everywhere
def test_the_search_example_walks_all_pages(examples: Examples):
    with examples.client() as client:
        small = [grant(client, 99)["id"], grant(client, 100)["id"]]
        for _ in range(CARDS_ON_TWO_PAGES):
            grant(client, 200)
    found = examples.listed("search_gift_cards")
    assert len(found) == CARDS_ON_TWO_PAGES + 1
    assert [card["credit"] for card in found][-2:] == [200, 100]
    assert found[-1]["id"] == small[1]


@everywhere
def test_the_examples_for_exports(examples: Examples):
    with examples.client() as client:
        client.post(f"/v1/giftcards/{grant(client)['id']}/actions/disable")
        active = [grant(client, reference="=1")["id"], grant(client)["id"]]
    lines = examples.output("export_gift_cards_as_json_lines")
    assert [card["id"] for card in lines] == active[::-1]
    table = examples.run("export_gift_cards_as_csv")
    assert table.code == 0, table.err
    heading, *rows = table.out.splitlines()
    assert heading.startswith("\ufeffid,ownerUuid,")
    assert [row.partition(",")[0] for row in rows] == active[::-1]
    assert ",'=1," in rows[1]


@everywhere
def test_the_examples_for_the_ledger(examples: Examples):
    with examples.client() as client:
        card = grant(client)["id"]
        body = {"customerIdentifier": KELLY.uuid}
        token = client.post("/v1/customer-tokens", json=body).json()["token"]
        assert examples.output("redeem_own_gift_card", token=token, card=card) == [True]
    (redeemed,) = examples.listed("list_redemptions")
    assert (redeemed["giftCardId"], redeemed["amount"]) == (card, 500)
    assert examples.output("export_redemptions_as_json_lines") == [redeemed]
    entries = examples.output("export_entries_as_json_lines")
    assert [entry["kind"] for entry in entries] == ["granted", "redeemed", "credit_redeemed"]
    for noun, rows in {"redemptions": 1, "entries": 3}.items():
        table = examples.run(f"export_{noun}_as_csv")
        assert table.code == 0, table.err
        heading, *lines = table.out.splitlines()
        assert (heading[0], len(lines)) == ("\ufeff", rows)


@everywhere
def test_the_examples_for_many(examples: Examples):
    with examples.client() as client:
        (granted,) = examples.output("grant_gift_cards")
        assert (granted["granted"], granted["refused"]) == (2, 0)
        assert examples.output("grant_gift_cards") == [granted], "the same rows are granted once"
        cards = read(client, f"/v1/customers/{KELLY.uuid}/giftcards")["data"]
        assert [card["credit"] for card in cards] == [500, 250]
        assert [card["id"] for card in cards] == [row["id"] for row in granted["results"]]


@everywhere
def test_the_examples_for_one_action_on_many(examples: Examples):
    with examples.client() as client:
        card = grant(client, expiresAt="2040-01-31T12:00:00Z")["id"]
        client.post(f"/v1/giftcards/{card}/actions/disable")
        found = [grant(client, tags=["raffle 2025"])["id"] for _ in range(2)]
        for name, changed in (
            ("enable_gift_cards", {"active": True}),
            ("extend_gift_cards", {"expiresAt": "2040-03-01T12:00:00Z"}),
            ("tag_gift_cards", {}),
        ):
            done = examples.output(name, card=card)
            assert examples.output(name, card=card) == done, "done once"
            (result,) = done[0]["results"]
            assert result["outcome"] == "changed"
            assert result["giftCard"] == read(client, f"/ext/v1/giftcards/{card}")
            assert changed.items() <= result["giftCard"].items()
        assert read(client, f"/ext/v1/giftcards/{card}/labels")["tags"] == ["raffle 2026"]
        shown, disabled = examples.output("disable_gift_cards")
        assert (shown["dryRun"], disabled["dryRun"], disabled["changed"]) == (True, False, 2)
        assert [result["id"] for result in disabled["results"]] == found
        assert examples.output("disable_gift_cards")[1]["results"] == [], "none is left"
        assert not any(read(client, f"/v1/giftcards/{each}")["active"] for each in found)


@everywhere
def test_the_examples_for_holds(examples: Examples):
    with examples.client() as client:
        card = grant(client)["id"]

        def balances() -> Any:
            details = read(client, f"/ext/v1/giftcards/{card}")
            return details["credit"], details["available"]

        (hold,) = examples.output("place_hold", card=card)
        assert (hold["amount"], hold["state"]) == (100, "open")
        assert examples.output("place_hold", card=card) == [hold], "held once"
        assert balances() == (500, 400)

        (extended,) = examples.output("extend_hold", card=card, hold=hold["id"])
        assert extended == hold | {"expiresAt": extended["expiresAt"]}
        assert extended["expiresAt"] > hold["expiresAt"]
        assert examples.listed("list_card_holds", card=card) == [extended]
        assert examples.listed("list_holds") == [extended]
        hold = extended

        (captured,) = examples.output("capture_hold", card=card, hold=hold["id"])
        assert captured == hold | {"state": "captured", "captured": 60}
        assert balances() == (440, 440)

        path = f"/ext/v1/giftcards/{card}/holds"
        other = client.post(path, json={"amount": 50, "expiresIn": 900}).json()
        (voided,) = examples.output("void_hold", card=card, hold=other["id"])
        assert voided == other | {"state": "voided"}
        assert balances() == (440, 440)


@everywhere
def test_the_examples_for_store_credit(examples: Examples):
    with examples.client() as client:

        def total() -> Any:
            return read(client, f"/ext/v1/customers/{KELLY.uuid}/credit")["total"]

        (deposited,) = examples.output("deposit_credit")
        assert deposited["total"] == 500 == total()
        assert examples.output("deposit_credit") == [deposited], "deposited once"

        (spent,) = examples.output("spend_credit")
        assert spent["total"] == 200 == total()
        assert examples.output("get_credit") == [{"total": 200, "restricted": 0, "lots": []}]

        (refunded,) = examples.output("refund_credit", spend=spent["id"])
        assert refunded["id"] == spent["id"]
        assert refunded["total"] == 500 == total()

        dated = {"amount": 7, "reason": "a", "reference": "b", "expiresAt": "2098-01-01T00:00:00Z"}
        path = f"/ext/v1/customers/{KELLY.uuid}/credit/actions/deposit"
        lot = client.post(path, json=dated).json()["id"]
        (extended,) = examples.output("extend_lot", lot=lot)
        (shown,) = extended["lots"]
        assert (shown["id"], shown["expiresAt"]) == (lot, "2099-12-31T00:00:00Z")
        assert examples.output("extend_lot", lot=lot) == [extended], "extended once"

        (moved,) = examples.output("move_credit")
        assert (moved["amount"], moved["total"]) == (507, 0)
        assert examples.output("move_credit") == [moved], "moved once"
        assert total() == 0
        assert read(client, f"/ext/v1/customers/{JO.uuid}/credit")["total"] == 507


@everywhere
def test_the_examples_for_units(examples: Examples):
    with examples.client() as client:
        (made,) = examples.output("create_unit")
        unit = made["id"]
        assert examples.output("create_unit") == [made], "made once"
        assert examples.listed("list_units") == [made]
        assert examples.output("get_unit", unit=unit) == [made]
        (patched,) = examples.output("patch_unit", unit=unit)
        assert (patched["credit"], patched["maxCards"]) == (150, None)
        (first,), (second,) = (examples.output("pair_unit", unit=unit) for _ in range(2))
        assert first["code"] != second["code"]
        (begun,) = examples.output("begin_unit_round", unit=unit)
        assert begun["round"] == 2
        assert examples.output("begin_unit_round", unit=unit) == [begun], "begun once"
        (revoked,) = examples.output("revoke_unit", unit=unit)
        assert revoked["objectUuid"] is None
        claims = read(client, f"/ext/v1/units/{unit}/claims")["data"]
        assert examples.listed("list_unit_claims", unit=unit) == claims


@everywhere
def test_the_examples_for_refunds(examples: Examples):
    server = examples.server
    with examples.client() as client:
        api = ApiFixture(cast("Any", client), server.settings, Clock(), server.prepared)
        vendor = make_unit(api, kind="vendor")["id"]
        ids = {"vendor": vendor, "refund": owe(api, vendor)}
    (owed,) = examples.listed("list_refunds")
    assert examples.listed("list_unit_refunds", vendor=vendor) == [owed]
    (paid,) = examples.output("mark_refund_paid", **ids)
    assert (paid["state"], paid["note"]) == ("paid", "Paid by hand.")
    assert examples.output("mark_refund_paid", **ids) == [paid], "marked once"
    assert examples.listed("list_refunds") == []
    assert examples.listed("list_unit_refunds", vendor=vendor) == [paid]


@everywhere
def test_the_examples_for_webhooks(examples: Examples):
    with examples.client() as client:
        (made,) = examples.output("create_webhook")
        assert examples.output("create_webhook") == [made], "made once"
        ids = {"webhook": made["id"]}
        assert made.pop("secret").startswith("whsec_")
        assert examples.listed("list_webhooks") == [made]
        assert examples.output("get_webhook", **ids) == [made]
        (changed,) = examples.output("update_webhook", **ids)
        assert changed == made | {"types": changed["types"], "updatedAt": changed["updatedAt"]}
        assert changed["types"] == ["gift_card.redeemed"]
        (rotated,) = examples.output("rotate_webhook_secret", **ids)
        assert (rotated["secretVersion"], rotated["url"]) == (2, made["url"])
        assert examples.output("rotate_webhook_secret", **ids) == [rotated], "changed once"
        examples.output("ping_webhook", **ids)
        path, deliveries = f"/ext/v1/webhooks/{made['id']}/deliveries", []
        until = time.monotonic() + PATIENCE
        while not deliveries:  # a server makes them
            assert time.monotonic() < until
            deliveries = read(client, f"{path}?type=ping")["data"]
        ids |= {"delivery": deliveries[0]["id"]}
        (details,) = examples.output("get_delivery", **ids)
        assert details["eventType"] == "ping"
        (again,) = examples.output("redeliver", **ids)
        assert (again["id"], again["state"]) == (ids["delivery"], "pending")
        (count,) = examples.output("redeliver_range", **ids)
        assert count == {"redelivered": 0, "more": False, "nextCursor": None}
        assert examples.listed("list_deliveries", **ids) == []
        (deleted,) = examples.output("delete_webhook", **ids)
        assert deleted["id"] == made["id"]
        assert examples.output("delete_webhook", **ids) == [deleted], "deleted once"
        assert read(client, "/ext/v1/webhooks")["data"] == []


@everywhere
def test_the_examples_for_the_customer_page(examples: Examples):
    with examples.client() as client:
        store = read(client, "/v1/store")
        (minted,) = examples.output("mint_customer_token")
        token = minted["token"]
        assert minted["url"].endswith(f"/me#ct={token}")

        redeemed = grant(client)["id"]
        passed_on = grant(client, 200, transfer=True)["id"]
        own = examples.listed("list_own_gift_cards", token=token)
        assert [card["id"] for card in own] == [redeemed, passed_on]
        (held,) = examples.output("place_hold", card=redeemed)
        with_holds = examples.listed("list_own_gift_cards_with_holds", token=token)
        assert [card["available"] for card in with_holds] == [400, 200]
        client.post(f"/ext/v1/giftcards/{redeemed}/holds/{held['id']}/actions/void")
        assert examples.output("find_resident", token=token) == [
            {"uuid": JO.uuid, "username": JO.username}
        ]
        history = examples.listed("list_own_history", token=token)
        kinds = sorted(moment["kind"] for moment in history)
        assert kinds == ["granted", "granted", "held", "released"]
        (shop,) = examples.output("get_own_store", token=token)
        assert (shop["id"], shop["contact"]) == (store["id"], "")
        assert examples.output("redeem_own_gift_card", token=token, card=redeemed) == [True]
        assert examples.output("redeem_own_gift_card", token=token, card=redeemed) == [True]
        assert examples.output("transfer_own_gift_card", token=token, card=passed_on) == [True]
        assert read(client, f"/v1/giftcards/{redeemed}")["redeemed"] is True
        assert read(client, f"/v1/giftcards/{passed_on}")["ownerUuid"] == JO.uuid

        (profile,) = examples.output("get_profile", token=token)
        assert profile == {"uuid": KELLY.uuid, "username": KELLY.username, "pictureUuid": None}
        (context,) = examples.output("get_context", token=token)
        assert [shown["id"] for shown in context["stores"]] == [store["id"]]
        (answer,) = examples.output("get_account", token=token)
        (account,) = answer["accounts"]
        assert (account["storeId"], account["credit"]) == (store["id"], 500)

        *lists, unread = examples.output(OTHER_TABS, token=token)
        assert [page["data"] for page in lists] == [[], [], []]
        assert unread == {"total": 0, "byStore": [{"storeId": store["id"], "count": 0}]}


@one_server
def test_the_examples_tell_the_problem(examples: Examples):
    def run(name: str) -> Result:
        return examples.run(name, key="allo_live_no.key", token="gct_no.token")

    guards = {FILES[route.name]: route.guard for route in API}
    with ThreadPoolExecutor(4) as pool:
        finished = dict(zip(guards, pool.map(run, guards), strict=True))
    for name, done in finished.items():
        with_token = isinstance(guards[name], CustomerToken)
        code = "customer_token_invalid" if with_token else "api_key_invalid"
        assert done.code != 0, name
        assert code in done.out + done.err, f"{name}: {done.out}{done.err}"
        assert "Traceback" not in done.err, name


@one_server
@pytest.mark.parametrize("language", SHARED, indirect=True)
def test_a_busy_server_is_asked_again_under_the_same_key(examples: Examples):
    with Receiver.started() as receiver:
        busy = says(503, b"{}", {"retry-after": "1"})
        receiver.answer = lambda _: busy if len(receiver.received) < 3 else says(200, b"{}")
        examples.url = receiver.url.removesuffix("/hook")
        assert examples.output("grant_gift_card") == [{}]
    asked = receiver.received
    assert [each.headers["idempotency-key"] for each in asked] == ["order-1042"] * 3
    assert all(later.at - earlier.at > 0.9 for earlier, later in pairwise(asked))


@one_server
@pytest.mark.parametrize("language", SHARED, indirect=True)
def test_no_answer_is_told_in_a_sentence(examples: Examples):
    examples.url = f"http://127.0.0.1:{free_port()}"
    done = examples.run("get_store")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("No answer (")
    assert len(done.err.splitlines()) == 1


@one_server
def test_the_health_examples(server: Server, commands: Commands, tmp_path: Path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, so its examples can't run")
    curl = Examples(server, "curl", CommandRunner(commands, tmp_path), None)
    assert curl.output("get_health") == [{"status": "alive"}]
    assert curl.output("get_readiness") == [{"status": "ready"}]


@pytest.mark.parametrize("folder", LANGUAGES)
def test_every_endpoint_has_an_example(folder: str):
    def check(route: Any) -> None:
        file = EXAMPLES / folder / f"{FILES[route.name]}{LANGUAGES[folder][0]}"
        assert file.is_file(), f"{route.method} {route.path} has no example in {folder}"
        text = file.read_text(encoding="utf-8")
        assert f"{route.method} {route.path}" in text, "the file says what it shows"
        with_token = isinstance(route.guard, CustomerToken)
        needed = "X-Customer-Token" if with_token else route.guard.scope
        assert needed in text, "the file says which scope or token it needs"

    check_each(API, check)


def test_the_index_names_every_example():
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = [path for path in EXAMPLES.glob("*/*") if path.suffix != ".pyc" and path.is_file()]
    missing = [path.name for path in files if f"({path.relative_to(EXAMPLES)})" not in index]
    assert len(files) == 4 * len(set(FILES.values())) + 2 + len(SHARED)
    assert not missing
