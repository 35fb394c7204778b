"""A ledger that an earlier version has written: it verifies, and goes on from where it is."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from gridgift.domain import attest, credit, giftcards, holds, reports
from gridgift.domain.accounts import Change
from gridgift.domain.attest import Found
from gridgift.domain.giftcards import Patch
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, CardState, Entry
from gridgift.domain.reports import Sum
from gridgift.domain.residents import Identifier
from gridgift.domain.verify import Unstated
from gridgift.storage.migrate import Engine, migrations
from tests.domain.fixture import DomainFixture
from tests.domain.test_verify import faults_of

ROWS: Final = Path(__file__).with_name("old_ledger.sql").read_text(encoding="utf-8")
STORE: Final = "0190a7b2-3c4d-7e5f-8a6b-000000000001"
CARD: Final = "0190a7b2-3c4d-7e5f-8a6b-000000000003"
OPEN, VOIDED = "0190a7b2-3c4d-7e5f-8a6b-000000000006", "0190a7b2-3c4d-7e5f-8a6b-000000000005"
SPEND: Final = "0190a7b2-3c4d-7e5f-8a6b-00000000000c"
REDEEMED, DEPOSITED = "0190a7b2-3c4d-7e5f-8a6b-000000000008", "0190a7b2-3c4d-7e5f-8a6b-00000000000b"
KIMS: Final = "2c3d4e5f-6071-4829-a3b4-c5d6e7f8091a"
KIM: Final = Identifier(username="old.kim")


def old_rows(engine: Engine) -> list[str]:
    """Return the statements that insert an earlier version's rows, and bring them along."""
    code = "\n".join(line for line in ROWS.splitlines() if not line.startswith("--"))
    rows = [statement for statement in code.split(";\n") if statement.strip()]
    if engine == "postgres":
        rows = [statement.replace("X'", "'\\x") for statement in rows]
    return rows + brought_along(engine)


@pytest.fixture
def old(domain: DomainFixture) -> DomainFixture:
    """A database with a store of the earlier version; the fixture acts for that store."""
    for statement in old_rows(domain.engine):
        domain.sql(statement)
    domain.store = msgspec.structs.replace(domain.store, id=STORE)
    domain.caller = Caller(STORE, "key", new_id(), "request-2")
    domain.now += 2_000
    return domain


def brought_along(engine: Engine) -> list[str]:
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
        (
            f"UPDATE holds SET state = 'open' WHERE id = '{VOIDED}'",
            "has state open, its entries say voided",
        ),
        (f"DELETE FROM holds WHERE id = '{OPEN}'", "is in the ledger and nowhere else"),
        (
            f"UPDATE credit_spends SET refunded = 41 WHERE id = '{SPEND}'",
            "has refunded 41, its entries say 40",
        ),
    ],
)
def test_what_is_wrong_with_it_is_found(old: DomainFixture, statement: str, fault: str) -> None:
    old.sql(statement)
    found = faults_of(old)
    assert any(fault in each.what for each in found)
    assert {each.store_id for each in found} == {STORE}


TAMPERED: Final = [
    f"UPDATE holds SET expires_at = expires_at + 1 WHERE id = '{OPEN}'",
    f"UPDATE holds SET amount = amount - 1 WHERE id = '{OPEN}'",
    f"UPDATE credit_lots SET expires_at = NULL WHERE id = '{DEPOSITED}'",
    f"UPDATE credit_lots SET restricted = NOT restricted WHERE id = '{DEPOSITED}'",
]


def unstated(domain: DomainFixture) -> Found:
    """Find what its entries leave out."""
    found: Found = domain.read(attest.find, lambda seen: None)
    return found


def test_what_its_entries_leave_out_is_named_and_no_fault(old: DomainFixture) -> None:
    """A deposit's date and an open hold's; that of a redeemed card's credit is the card's."""
    assert unstated(old) == Found(
        [Unstated(STORE, "card", CARD, (OPEN,)), Unstated(STORE, "credit", KIMS, (DEPOSITED,))], []
    )
    assert faults_of(old) == []
    old.sql(f"UPDATE credit_lots SET expires_at = 1 WHERE id = '{REDEEMED}'")
    (found,) = faults_of(old)
    assert f"lot {REDEEMED} has expires_at 1, its entries say None" == found.what


@pytest.mark.parametrize("statement", TAMPERED)
def test_once_attested_it_shows_any_change(old: DomainFixture, statement: str) -> None:
    for each in unstated(old).sound:
        old.write(attest.attest, old.caller, each)
    assert unstated(old) == Found([], [])
    assert faults_of(old) == []
    old.sql(statement)
    assert faults_of(old) != []


def test_an_account_with_faults_is_not_attested(old: DomainFixture) -> None:
    old.sql(f"UPDATE credit_lots SET remaining = 9 WHERE id = '{DEPOSITED}'")
    found = unstated(old)
    assert [each.account_id for each in found.sound] == [CARD]
    assert [each.account_id for each in found.faulty] == [KIMS]


def test_a_hold_of_an_old_entry_is_for_7_days_at_most(old: DomainFixture) -> None:
    old.sql(f"UPDATE holds SET expires_at = created_at + 604800001 WHERE id = '{OPEN}'")
    assert any("longer than a hold can be" in found.what for found in faults_of(old))


def test_its_holds_are_closed_in_the_new_form(old: DomainFixture) -> None:
    done = change(old, holds.capture, CARD, OPEN)
    assert (done.change.card.credit, done.change.held) == (60, 0)
    assert named(old.entries(CARD))[-1] == ("captured", "", OPEN)
    assert faults_of(old) == []


@pytest.mark.contract("10.170")
def test_of_lots_without_terms_the_row_says_when_they_ended(old: DomainFixture) -> None:
    (first,) = old.read(reports.ending, STORE, 1, 1_790_000_000_005)
    assert first.credit == Sum(1, 60)


def test_its_cards_and_accounts_go_on(old: DomainFixture) -> None:
    assert change(old, giftcards.disable, CARD).entry.kind == "disabled"
    assert change(old, giftcards.patch, CARD, Patch(active=True)).entry.kind == "enabled"
    done = change(old, credit.refund, KIM, SPEND, Change(50, "sorry", "7"))
    assert done.credit.total == 70
    assert faults_of(old) == []
