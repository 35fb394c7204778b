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
from tests.domain.world import World
from tests.shop import JO, KELLY

TO_KELLY = Identifier(username=KELLY.username)


def answer(card: GiftCard) -> Answer:
    """Answer with the card's id."""
    return Answer(200, card.id.encode(), f'"{card.version}"')


def ask(world: World, **changes: Any) -> Ask:
    """Ask for a card as a request of its own."""
    caller = Caller(world.store.id, "key", new_id(), f"request {new_id()}")
    made = Ask(caller, TO_KELLY, Terms(5), new_id(), world.now, answer, None, b"x" * 32)
    return msgspec.structs.replace(made, **changes)


def granted(world: World, *asks: Ask) -> list[Any]:
    """Grant them together."""
    return list(world.write(grants.grant_all, world.store.id, asks))


def test_each_is_the_same_as_a_grant_that_came_alone(world: World) -> None:
    world.write(stores.update, world.store.id, stores.StoreChanges(card_lifetime=30))
    terms = [Terms(7), Terms(8, transfer=True, texture=new_id(), reason="a prize"),
             Terms(9, expires_at=None), Terms(10, expires_at=world.now + DAY)]  # fmt: skip
    asks = [ask(world, terms=each, identifier=Identifier(uuid=JO.uuid)) for each in terms]
    assert granted(world, *asks) == [
        Given(Answer(200, each.card_id.encode(), '"1"')) for each in asks
    ]
    for each in asks:
        alone = world.write(
            grants.grant, each.caller, each.identifier, each.terms, new_id(), world.now
        )
        together = world.card(each.card_id)
        assert msgspec.structs.replace(together, id=alone.id) == alone
        (entry,), (other,) = world.entries(together.id), world.entries(alone.id)
        assert msgspec.structs.replace(entry, account_id=alone.id, hash=other.hash) == other


def test_each_fails_for_itself(world: World) -> None:
    outcomes = granted(
        world,
        ask(world),
        ask(world, identifier=Identifier(username="nobody.known")),
        ask(world, terms=Terms(0)),
        ask(world, terms=Terms(5, expires_at=world.now)),
        ask(world, identifier=Identifier(uuid=JO.uuid)),
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Given, ResidentNotFound, ValidationFailed, ValidationFailed, Given]
    assert world.sql("SELECT count(*) FROM gift_cards") == [(2,)]
    assert world.sql("SELECT count(*) FROM entries") == [(2,)]
    assert world.sql("SELECT count(*) FROM customers") == [(2,)]


def test_a_key_is_answered_once(world: World) -> None:
    first = ask(world, key="k")
    (given,) = granted(world, first)
    again = [ask(world, key="k"), ask(world, key="new"), ask(world, key="new")]
    replay, new, twin = granted(world, *again, ask(world, key="k", fingerprint=b"y" * 32))[:3]
    assert replay == Given(given.answer, replayed=True)
    assert (new.replayed, twin) == (False, Given(new.answer, replayed=True))
    other = granted(world, ask(world, key="new", fingerprint=b"y" * 32))[0]
    assert isinstance(other, IdempotencyKeyReused)
    assert world.sql("SELECT count(*) FROM gift_cards") == [(2,)]


def test_a_refusal_is_not_kept(world: World) -> None:
    stranger = Identifier(username="nobody.known")
    refused, given = granted(
        world, ask(world, key="k", identifier=stranger), ask(world, key="k", fingerprint=b"y" * 32)
    )
    assert isinstance(refused, ResidentNotFound)
    assert given.replayed is False


def test_a_key_is_free_again_after_its_time(world: World) -> None:
    granted(world, ask(world, key="k"))
    world.now += KEPT_FOR
    (given,) = granted(world, ask(world, key="k", fingerprint=b"y" * 32))
    assert given.replayed is False
    assert world.sql("SELECT count(*) FROM gift_cards") == [(2,)]
    assert granted(world, ask(world, key="k", fingerprint=b"y" * 32))[0].replayed is True


@pytest.mark.parametrize("rounds", [20])
def test_transactions_that_keep_the_same_keys_at_once(world: World, rounds: int) -> None:
    async def race(number: int) -> list[list[Any]]:
        keys = [f"{number} {key}" for key in range(5)]
        groups = [
            [ask(world, key=key) for key in (keys if way else keys[::-1])] for way in (0, 1, 0, 1)
        ]
        return await asyncio.gather(
            *[world.database.write(grants.grant_all, world.store.id, group) for group in groups]
        )

    for number in range(rounds):
        outcomes = [given for group in world.run(race(number)) for given in group]
        assert len({given.answer.body for given in outcomes}) == 5
        assert sum(not given.replayed for given in outcomes) == 5
    assert world.sql("SELECT count(*) FROM gift_cards") == [(5 * rounds,)]
