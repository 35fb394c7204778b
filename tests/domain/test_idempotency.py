"""Idempotency keys: kept with their effect, for seven days (contract section 10)."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain import grants, idempotency
from gridgift.domain.failures import IdempotencyKeyReused
from gridgift.domain.giftcards import Terms
from gridgift.domain.idempotency import KEPT_FOR, Answer, fingerprint
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.residents import Identifier
from tests.domain.world import World
from tests.shop import KELLY

PRINT = fingerprint("POST", "/v1/x", b"{}")
OTHER = fingerprint("POST", "/v1/x", b"{ }")
ANSWER = Answer(200, b'{"id":"\xc3\xa9"}', '"1-kelly"')

requests = st.tuples(
    st.sampled_from(["POST", "PUT"]), st.text("/abc?=", min_size=1), st.binary(max_size=8)
)


@given(one=requests, other=requests)
def test_only_the_same_request_has_the_same_fingerprint(
    one: tuple[str, str, bytes], other: tuple[str, str, bytes]
) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


def keep(world: World, key: str = "k", at: int | None = None, **values: Any) -> None:
    world.write(
        idempotency.keep,
        values.get("store_id", world.store.id),
        key,
        values.get("print_", PRINT),
        values.get("answer", ANSWER),
        world.now if at is None else at,
    )


def find(world: World, key: str = "k", at: int | None = None, print_: bytes = PRINT) -> Any:
    now = world.now if at is None else at
    return world.write(idempotency.find, world.store.id, key, print_, now)


@pytest.mark.contract("10.3")
@pytest.mark.parametrize("answer", [ANSWER, Answer(204, b"")])
def test_kept_and_found(world: World, answer: Answer) -> None:
    assert find(world) is None
    keep(world, answer=answer)
    assert find(world) == answer


@pytest.mark.contract("10.4")
def test_another_request_is_refused(world: World) -> None:
    keep(world)
    with pytest.raises(IdempotencyKeyReused):
        find(world, print_=OTHER)


@pytest.mark.contract("10.2")
def test_another_store_may_use_the_same_key(world: World) -> None:
    keep(world, store_id=new_id(), print_=OTHER)
    assert find(world) is None
    keep(world)
    assert find(world) == ANSWER


@pytest.mark.contract("10.5")
def test_kept_for_seven_days(world: World) -> None:
    assert KEPT_FOR == 7 * DAY
    keep(world)
    assert find(world, at=world.now + KEPT_FOR - 1) == ANSWER
    assert find(world, at=world.now + KEPT_FOR) is None


def test_an_old_key_can_be_used_anew(world: World) -> None:
    keep(world)
    later = world.now + KEPT_FOR
    assert find(world, at=later, print_=OTHER) is None
    keep(world, at=later, print_=OTHER, answer=Answer(200, b"new"))
    assert find(world, at=later, print_=OTHER) == Answer(200, b"new")


def test_forgets_old_ones_only_and_a_few_at_a_time(world: World) -> None:
    for number in range(5):
        keep(world, f"old {number}")
    later = world.now + KEPT_FOR
    keep(world, "young", at=later)
    counts = [world.write(idempotency.forget, later, 2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]
    assert world.sql("SELECT key FROM idempotency_keys") == [("young",)]


@pytest.mark.contract("10.6")
def test_the_answer_goes_with_its_effect(world: World) -> None:
    async def once(tx: Any) -> None:
        await grant_once(world, tx, "k")
        raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError, match="the power goes"):
        world.write(once)
    assert find(world) is None
    assert world.sql("SELECT count(*) FROM entries") == [(0,)]


@pytest.mark.contract("10.3")
def test_many_at_once_grant_one_card(world: World) -> None:
    async def together() -> list[bytes]:
        async def once(tx: Any) -> bytes:
            return await grant_once(world, tx, "k")

        return await asyncio.gather(*(world.database.write(once) for _ in range(8)))

    assert len(set(world.run(together()))) == 1
    assert world.sql("SELECT count(*) FROM entries") == [(1,)]


async def grant_once(world: World, tx: Any, key: str) -> bytes:
    """Grant a card as the API does it under an idempotency key."""
    kept = await idempotency.find(tx, world.store.id, key, PRINT, world.now)
    if kept is not None:
        return kept.body
    kelly = Identifier(uuid=KELLY.uuid)
    card = await grants.grant(tx, world.caller, kelly, Terms(5), new_id(), world.now)
    answer = Answer(200, card.id.encode())
    await idempotency.keep(tx, world.store.id, key, PRINT, answer, world.now)
    return answer.body
