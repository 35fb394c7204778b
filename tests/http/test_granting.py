"""Grants of the same moment in one transaction: each is answered once under its key."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from gridgift.domain.failures import IdempotencyKeyReused, ResidentNotFound
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.idempotency import KEPT_FOR, Answer
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, CardChange
from gridgift.domain.residents import Identifier
from gridgift.http import granting
from gridgift.http.granting import Ask, Given
from tests.api import KELLY
from tests.domain.fixture import DomainFixture


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


def answer(change: CardChange) -> Answer:
    """Answer with the card's id."""
    return Answer(200, change.card.id.encode(), f'"{change.card.version}"')


def ask(domain: DomainFixture, **changes: Any) -> Ask:
    """Ask for a card as a request of its own."""
    caller = Caller(domain.store.id, "key", new_id(), f"request {new_id()}")
    to = changes.pop("identifier", Identifier(username=KELLY.username))
    made = Ask(GrantRequest(caller, to, Terms(5), new_id()), answer, None, b"x" * 32)
    return msgspec.structs.replace(made, **changes)


def granted(domain: DomainFixture, *asks: Ask) -> list[Any]:
    """Grant them together."""
    return list(domain.write(granting.grant_all, domain.store.id, asks))


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
            *[domain.database.write(granting.grant_all, domain.store.id, group) for group in groups]
        )

    for number in range(rounds):
        outcomes = [given for group in domain.run(race(number)) for given in group]
        assert len({given.answer.body for given in outcomes}) == 5
        assert sum(not given.replayed for given in outcomes) == 5
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(5 * rounds,)]
