"""Expiry: by the clock for everybody; the job only writes it down, once for each expiry."""

import pytest

from gridgift.domain import credit, expiry, giftcards, ledger
from gridgift.domain.accounts import Change
from gridgift.domain.giftcards import Patch
from gridgift.domain.ids import new_id
from gridgift.domain.residents import Identifier
from tests.api import KELLY
from tests.domain.fixture import DomainFixture
from tests.domain.test_verify import faults_of

SECOND = 1_000


def note(domain: DomainFixture, rows: int = 100) -> tuple[int, int]:
    """Run the job once; return how many cards and accounts it found."""
    cards = domain.write(expiry.note_cards, "job 1", rows)
    return cards, domain.write(expiry.note_credit, "job 1", rows)


@pytest.mark.contract("10.31")
def test_a_card_is_noted_once_with_nothing_taken(domain: DomainFixture) -> None:
    card = domain.grant(credit=50, expires_at=domain.now + SECOND).id
    domain.now += SECOND - 1
    assert note(domain) == (0, 0)
    domain.now += 1
    assert note(domain) == (1, 0)
    assert note(domain) == (0, 0)
    entry = domain.entries(card)[-1]
    assert (entry.kind, entry.delta, entry.balance_after) == ("expired", 0, 50)
    assert (entry.actor_kind, entry.actor_id, entry.request_id) == ("system", "expiry", "job 1")
    assert domain.card(card).credit == 50
    assert faults_of(domain) == []


@pytest.mark.contract("10.31")
def test_a_card_that_was_extended_is_noted_again(domain: DomainFixture) -> None:
    card = domain.grant(expires_at=domain.now + SECOND).id
    domain.now += SECOND
    note(domain)
    later = Patch(expires_at=domain.now + SECOND)
    domain.write(giftcards.patch, domain.caller, card, later, None)
    assert note(domain) == (0, 0)
    domain.now += SECOND
    assert note(domain) == (1, 0)
    kinds = [entry.kind for entry in domain.entries(card)]
    assert kinds == ["granted", "expired", "updated", "expired"]


def test_credit_is_noted_once(domain: DomainFixture) -> None:
    for amount, end in ((5, 1), (7, 1), (9, 2)):
        domain.write(
            credit.deposit, domain.caller, Identifier(uuid=KELLY.uuid), Change(amount), new_id(),
            expires_at=domain.now + end * SECOND,
        )  # fmt: skip
    domain.now += SECOND
    assert note(domain) == (0, 1)
    assert note(domain) == (0, 0)
    entries = domain.read(ledger.entries, domain.store.id, "credit", KELLY.uuid)
    assert [(entry.kind, entry.delta) for entry in entries[3:]] == [("credit_expired", -12)]
    assert faults_of(domain) == []


def test_many_are_noted_batch_by_batch(domain: DomainFixture) -> None:
    for _ in range(5):
        domain.grant(expires_at=domain.now + 1)
    domain.now += 1
    assert [note(domain, rows=2)[0] for _ in range(4)] == [2, 2, 1, 0]
    assert faults_of(domain) == []
