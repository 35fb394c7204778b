"""Expiry: by the clock for everybody; the job only writes it down, once for each expiry."""

import pytest

from gridgift.domain import credit, expiry, giftcards, ledger
from gridgift.domain.credit import Change
from gridgift.domain.giftcards import Patch
from gridgift.domain.ids import new_id
from tests.domain.test_verify import faults_of
from tests.domain.world import World
from tests.shop import KELLY

SECOND = 1_000


def note(world: World, rows: int = 100) -> tuple[int, int]:
    """Run the job once; return how many cards and accounts it found."""
    cards = world.write(expiry.note_cards, "job 1", world.now, rows)
    return cards, world.write(expiry.note_credit, "job 1", world.now, rows)


@pytest.mark.contract("10.31")
def test_a_card_is_noted_once_with_nothing_taken(world: World) -> None:
    card = world.grant(credit=50, expires_at=world.now + SECOND).id
    world.now += SECOND - 1
    assert note(world) == (0, 0)
    world.now += 1
    assert note(world) == (1, 0)
    assert note(world) == (0, 0)
    entry = world.entries(card)[-1]
    assert (entry.kind, entry.delta, entry.balance_after) == ("expired", 0, 50)
    assert (entry.actor_kind, entry.actor_id, entry.request_id) == ("system", "expiry", "job 1")
    assert world.card(card).credit == 50
    assert faults_of(world) == []


@pytest.mark.contract("10.31")
def test_a_card_that_was_extended_is_noted_again(world: World) -> None:
    card = world.grant(expires_at=world.now + SECOND).id
    world.now += SECOND
    note(world)
    later = Patch(expires_at=world.now + SECOND)
    world.write(giftcards.patch, world.caller, card, later, None, world.now)
    assert note(world) == (0, 0)
    world.now += SECOND
    assert note(world) == (1, 0)
    kinds = [entry.kind for entry in world.entries(card)]
    assert kinds == ["granted", "expired", "updated", "expired"]


def test_credit_is_noted_once(world: World) -> None:
    for amount, end in ((5, 1), (7, 1), (9, 2)):
        world.write(
            credit.deposit, world.caller, KELLY, Change(amount), new_id(), world.now,
            expires_at=world.now + end * SECOND,
        )  # fmt: skip
    world.now += SECOND
    assert note(world) == (0, 1)
    assert note(world) == (0, 0)
    entries = world.read(ledger.entries, world.store.id, "credit", KELLY.uuid)
    assert [(entry.kind, entry.delta) for entry in entries[3:]] == [("credit_expired", -12)]
    assert faults_of(world) == []


def test_many_are_noted_batch_by_batch(world: World) -> None:
    for _ in range(5):
        world.grant(expires_at=world.now + 1)
    world.now += 1
    assert [note(world, rows=2)[0] for _ in range(4)] == [2, 2, 1, 0]
    assert faults_of(world) == []
