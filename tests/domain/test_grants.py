"""Grants of the same moment: one transaction, and each is as if it had come alone."""

import asyncio
from typing import Any

import msgspec
import pytest

from gridgift.domain import grants, stores
from gridgift.domain.failures import IdempotencyKeyReused, ResidentNotFound, ValidationFailed
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import Ask, Given
from gridgift.domain.idempotency import KEPT_FOR, Answer
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller, GiftCard
from gridgift.domain.residents import Identifier
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture

TO_KELLY = Identifier(username=KELLY.username)


def answer(card: GiftCard) -> Answer:
    """Answer with the card's id."""
    return Answer(200, card.id.encode(), f'"{card.version}"')


def ask(domain: DomainFixture, **changes: Any) -> Ask:
    """Ask for a card as a request of its own."""
    caller = Caller(domain.store.id, "key", new_id(), f"request {new_id()}")
    made = Ask(caller, TO_KELLY, Terms(5), new_id(), domain.now, answer, None, b"x" * 32)
    return msgspec.structs.replace(made, **changes)


def granted(domain: DomainFixture, *asks: Ask) -> list[Any]:
    """Grant them together."""
    return list(domain.write(grants.grant_all, domain.store.id, asks))


def test_each_is_the_same_as_a_grant_that_came_alone(domain: DomainFixture) -> None:
    domain.write(stores.update, domain.store.id, stores.StoreChanges(card_lifetime=30))
    terms = [Terms(7), Terms(8, transfer=True, texture=new_id(), reason="a prize"),
             Terms(9, expires_at=None), Terms(10, expires_at=domain.now + DAY)]  # fmt: skip
    asks = [ask(domain, terms=each, identifier=Identifier(uuid=JO.uuid)) for each in terms]
    assert granted(domain, *asks) == [
        Given(Answer(200, each.card_id.encode(), '"1"')) for each in asks
    ]
    for each in asks:
        alone = domain.write(
            grants.grant, each.caller, each.identifier, each.terms, new_id(), domain.now
        )
        together = domain.card(each.card_id)
        assert msgspec.structs.replace(together, id=alone.id) == alone
        (entry,), (other,) = domain.entries(together.id), domain.entries(alone.id)
        assert msgspec.structs.replace(entry, account_id=alone.id, hash=other.hash) == other


def test_each_fails_for_itself(domain: DomainFixture) -> None:
    outcomes = granted(
        domain,
        ask(domain),
        ask(domain, identifier=Identifier(username="nobody.known")),
        ask(domain, terms=Terms(0)),
        ask(domain, terms=Terms(5, expires_at=domain.now)),
        ask(domain, identifier=Identifier(uuid=JO.uuid)),
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Given, ResidentNotFound, ValidationFailed, ValidationFailed, Given]
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(2,)]
    assert domain.sql("SELECT count(*) FROM entries") == [(2,)]
    assert domain.sql("SELECT count(*) FROM customers") == [(2,)]


def test_a_key_is_answered_once(domain: DomainFixture) -> None:
    first = ask(domain, key="k")
    (given,) = granted(domain, first)
    again = [ask(domain, key="k"), ask(domain, key="new"), ask(domain, key="new")]
    replay, new, twin = granted(domain, *again, ask(domain, key="k", fingerprint=b"y" * 32))[:3]
    assert replay == Given(given.answer, replayed=True)
    assert (new.replayed, twin) == (False, Given(new.answer, replayed=True))
    other = granted(domain, ask(domain, key="new", fingerprint=b"y" * 32))[0]
    assert isinstance(other, IdempotencyKeyReused)
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(2,)]


def test_a_refusal_is_not_kept(domain: DomainFixture) -> None:
    stranger = Identifier(username="nobody.known")
    refused, given = granted(
        domain,
        ask(domain, key="k", identifier=stranger),
        ask(domain, key="k", fingerprint=b"y" * 32),
    )
    assert isinstance(refused, ResidentNotFound)
    assert given.replayed is False


def test_a_key_is_free_again_after_its_time(domain: DomainFixture) -> None:
    granted(domain, ask(domain, key="k"))
    domain.now += KEPT_FOR
    (given,) = granted(domain, ask(domain, key="k", fingerprint=b"y" * 32))
    assert given.replayed is False
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(2,)]
    assert granted(domain, ask(domain, key="k", fingerprint=b"y" * 32))[0].replayed is True


@pytest.mark.parametrize("rounds", [20])
def test_transactions_that_keep_the_same_keys_at_once(domain: DomainFixture, rounds: int) -> None:
    async def race(number: int) -> list[list[Any]]:
        keys = [f"{number} {key}" for key in range(5)]
        groups = [
            [ask(domain, key=key) for key in (keys if way else keys[::-1])] for way in (0, 1, 0, 1)
        ]
        return await asyncio.gather(
            *[domain.database.write(grants.grant_all, domain.store.id, group) for group in groups]
        )

    for number in range(rounds):
        outcomes = [given for group in domain.run(race(number)) for given in group]
        assert len({given.answer.body for given in outcomes}) == 5
        assert sum(not given.replayed for given in outcomes) == 5
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(5 * rounds,)]
