"""Grants of many requests in one transaction: each is as if it had come alone."""

import asyncio
from typing import Any

import msgspec
import pytest

from gridgift.domain import grants, stores
from gridgift.domain.failures import ResidentNotFound, ValidationFailed
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller, CardChange
from gridgift.domain.residents import Identifier
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture

TO_KELLY = Identifier(username=KELLY.username)


def request(domain: DomainFixture, **changes: Any) -> GrantRequest:
    """Make a request for a card, with a caller of its own."""
    caller = Caller(domain.store.id, "key", new_id(), f"request {new_id()}")
    made = GrantRequest(caller, TO_KELLY, Terms(5), new_id())
    return msgspec.structs.replace(made, **changes)


def granted(domain: DomainFixture, *requests: GrantRequest) -> list[Any]:
    """Grant them in one transaction."""
    return list(domain.write(grants.grant_each, domain.store.id, requests))


def test_each_is_the_same_as_a_grant_that_came_alone(domain: DomainFixture) -> None:
    domain.write(stores.update, domain.store.id, stores.StoreChanges(card_lifetime=30))
    terms = [Terms(7), Terms(8, transfer=True, texture=new_id(), reason="a prize"),
             Terms(9, expires_at=None), Terms(10, expires_at=domain.now + DAY)]  # fmt: skip
    requests = [request(domain, terms=each, identifier=Identifier(uuid=JO.uuid)) for each in terms]
    for each, change in zip(requests, granted(domain, *requests), strict=True):
        alone: CardChange = domain.write(
            grants.grant, msgspec.structs.replace(each, card_id=new_id())
        )
        assert change.card == domain.card(each.card_id)
        as_alone = {"id": alone.card.id, "head": alone.card.head}
        assert msgspec.structs.replace(change.card, **as_alone) == alone.card
        assert (change.held, alone.held) == (0, 0)
        (entry,), (other,) = domain.entries(each.card_id), domain.entries(alone.card.id)
        assert (change.entry, alone.entry) == (entry, other)
        assert msgspec.structs.replace(entry, account_id=alone.card.id, hash=other.hash) == other


def test_the_stores_lifetime_dates_cards_without_a_date(domain: DomainFixture) -> None:
    domain.write(stores.update, domain.store.id, stores.StoreChanges(card_lifetime=30))
    dates = [Terms(1), Terms(1, expires_at=None), Terms(1, expires_at=domain.now + 1)]
    changes = granted(domain, *(request(domain, terms=terms) for terms in dates))
    assert [change.card.expires_at for change in changes] == [
        domain.now + 30 * DAY, None, domain.now + 1,
    ]  # fmt: skip


def test_each_fails_for_itself(domain: DomainFixture) -> None:
    outcomes = granted(
        domain,
        request(domain),
        request(domain, identifier=Identifier(username="nobody.known")),
        request(domain, terms=Terms(0)),
        request(domain, terms=Terms(5, expires_at=domain.now)),
        request(domain, identifier=Identifier(uuid=JO.uuid)),
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [CardChange, ResidentNotFound, ValidationFailed, ValidationFailed, CardChange]
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(2,)]
    assert domain.sql("SELECT count(*) FROM entries") == [(2,)]
    assert domain.sql("SELECT count(*) FROM customers") == [(2,)]


def test_more_than_are_inserted_at_once(
    domain: DomainFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants, "INSERTED_AT_ONCE", 2)
    requests = [request(domain, terms=Terms(number)) for number in range(1, 6)]
    changes = granted(domain, *requests)
    assert [change.card.credit for change in changes] == [1, 2, 3, 4, 5]
    assert [change.card.id for change in changes] == [each.card_id for each in requests]
    for each, change in zip(requests, changes, strict=True):
        assert domain.card(each.card_id) == change.card
        assert domain.entries(each.card_id) == [change.entry]


def test_nothing_is_granted_to_nobody(domain: DomainFixture) -> None:
    assert granted(domain) == []
    assert domain.sql("SELECT count(*) FROM customers") == [(0,)]


@pytest.mark.parametrize("rounds", [20])
def test_transactions_that_make_the_same_customers_at_once(
    domain: DomainFixture, rounds: int
) -> None:
    async def race(people: list[Identifier]) -> list[list[Any]]:
        groups = [[request(domain, identifier=each) for each in people[::way]] for way in (1, -1)]
        return await asyncio.gather(
            *[domain.database.write(grants.grant_each, domain.store.id, each) for each in groups]
        )

    for _ in range(rounds):
        people = [Identifier(uuid=domain.newcomer().uuid) for _ in range(5)]
        changes = [change for group in domain.run(race(people)) for change in group]
        assert [type(change) for change in changes] == [CardChange] * 10
    assert domain.sql("SELECT count(*) FROM customers") == [(5 * rounds,)]
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(10 * rounds,)]
