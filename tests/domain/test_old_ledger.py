"""A ledger that an earlier version has written: it verifies, and goes on from where it is."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from gridgift.domain import credit, giftcards, holds
from gridgift.domain.credit import Change
from gridgift.domain.giftcards import Patch
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, CardState, Entry
from gridgift.domain.residents import Identifier
from gridgift.storage.migrate import migrations
from tests.domain.fixture import DomainFixture
from tests.domain.test_verify import faults_of

ROWS: Final = Path(__file__).with_name("old_ledger.sql").read_text(encoding="utf-8")
STORE: Final = "0190a7b2-3c4d-7e5f-8a6b-000000000001"
CARD: Final = "0190a7b2-3c4d-7e5f-8a6b-000000000003"
OPEN, VOIDED = "0190a7b2-3c4d-7e5f-8a6b-000000000006", "0190a7b2-3c4d-7e5f-8a6b-000000000005"
SPEND: Final = "0190a7b2-3c4d-7e5f-8a6b-00000000000c"
KIM: Final = Identifier(username="old.kim")


@pytest.fixture
def old(domain: DomainFixture) -> DomainFixture:
    """A database with a store of the earlier version; the fixture acts for that store."""
    code = "\n".join(line for line in ROWS.splitlines() if not line.startswith("--"))
    for statement in code.split(";\n"):
        if statement.strip():
            domain.sql(statement if domain.engine == "sqlite" else statement.replace("X'", "'\\x"))
    for statement in brought_along(domain.engine):
        domain.sql(statement)
    domain.store = msgspec.structs.replace(domain.store, id=STORE)
    domain.caller = Caller(STORE, "key", new_id(), "request-2")
    domain.now += 2_000
    return domain


def brought_along(engine: Any) -> list[str]:
    """Return what migrations compute from a ledger that is there already."""
    texts = [step.text for step in migrations(engine) if step.name == "customers_spent"]
    found = [part for text in texts for part in text.split(";\n") if "UPDATE customers" in part]
    assert found
    return found


def change(domain: DomainFixture, operation: Any, *args: Any) -> Any:
    return domain.write(operation, domain.caller, *args)


def named(entries: list[Entry]) -> list[tuple[str, str, str | None]]:
    """Return kind, reason and hold of entries."""
    return [
        (entry.kind, entry.reason, msgspec.json.decode(entry.state, type=CardState).hold)
        for entry in entries
    ]


def test_it_verifies(old: DomainFixture) -> None:
    assert old.sql(f"SELECT spent FROM customers WHERE store_id = '{STORE}'") == [(110,)]
    assert len(old.sql(f"SELECT 1 FROM entries WHERE store_id = '{STORE}'")) == 16
    assert ("held", OPEN, None) in named(old.entries(CARD))
    assert faults_of(old) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (f"UPDATE holds SET state = 'open' WHERE id = '{VOIDED}'", "its entries say otherwise"),
        (f"DELETE FROM holds WHERE id = '{OPEN}'", "is in the ledger and nowhere else"),
        (f"UPDATE credit_spends SET refunded = 41 WHERE id = '{SPEND}'", "has L$ 41 refunded"),
    ],
)
def test_what_is_wrong_with_it_is_found(old: DomainFixture, statement: str, fault: str) -> None:
    old.sql(statement)
    (found,) = faults_of(old)
    assert fault in found.what
    assert found.store_id == STORE


def test_its_holds_are_closed_in_the_new_form(old: DomainFixture) -> None:
    done = change(old, holds.capture, CARD, OPEN)
    assert (done.change.card.credit, done.change.held) == (60, 0)
    assert named(old.entries(CARD))[-1] == ("captured", "", OPEN)
    assert faults_of(old) == []


def test_its_cards_and_accounts_go_on(old: DomainFixture) -> None:
    assert change(old, giftcards.disable, CARD).entry.kind == "disabled"
    assert change(old, giftcards.patch, CARD, Patch(active=True)).entry.kind == "enabled"
    done = change(old, credit.refund, KIM, SPEND, Change(50, "sorry", "7"))
    assert done.credit.total == 70
    assert faults_of(old) == []
