"""Idempotency keys: kept with their effect, for seven days (contract section 10)."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain import grants, idempotency
from gridgift.domain.failures import IdempotencyKeyReused
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.idempotency import KEPT_FOR, Answer, fingerprint
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.residents import Identifier
from tests.api import KELLY
from tests.domain.fixture import DomainFixture

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


def keep(domain: DomainFixture, key: str = "k", at: int | None = None, **values: Any) -> None:
    domain.write(
        idempotency.keep,
        values.get("store_id", domain.store.id),
        key,
        values.get("print_", PRINT),
        values.get("answer", ANSWER),
        domain.now if at is None else at,
    )


def find(
    domain: DomainFixture, key: str = "k", at: int | None = None, print_: bytes = PRINT
) -> Any:
    now = domain.now if at is None else at
    return domain.write(idempotency.find, domain.store.id, key, print_, now)


@pytest.mark.contract("10.3")
@pytest.mark.parametrize("answer", [ANSWER, Answer(204, b"")])
def test_kept_and_found(domain: DomainFixture, answer: Answer) -> None:
    assert find(domain) is None
    keep(domain, answer=answer)
    assert find(domain) == answer


@pytest.mark.contract("10.4")
def test_another_request_is_refused(domain: DomainFixture) -> None:
    keep(domain)
    with pytest.raises(IdempotencyKeyReused):
        find(domain, print_=OTHER)


@pytest.mark.contract("10.2")
def test_another_store_may_use_the_same_key(domain: DomainFixture) -> None:
    keep(domain, store_id=new_id(), print_=OTHER)
    assert find(domain) is None
    keep(domain)
    assert find(domain) == ANSWER


@pytest.mark.contract("10.5")
def test_kept_for_seven_days(domain: DomainFixture) -> None:
    assert KEPT_FOR == 7 * DAY
    keep(domain)
    assert find(domain, at=domain.now + KEPT_FOR - 1) == ANSWER
    assert find(domain, at=domain.now + KEPT_FOR) is None


def test_an_old_key_can_be_used_anew(domain: DomainFixture) -> None:
    keep(domain)
    later = domain.now + KEPT_FOR
    assert find(domain, at=later, print_=OTHER) is None
    keep(domain, at=later, print_=OTHER, answer=Answer(200, b"new"))
    assert find(domain, at=later, print_=OTHER) == Answer(200, b"new")


def test_forgets_old_ones_only_and_a_few_at_a_time(domain: DomainFixture) -> None:
    for number in range(5):
        keep(domain, f"old {number}")
    later = domain.now + KEPT_FOR
    keep(domain, "young", at=later)
    counts = [domain.write(idempotency.forget, later, 2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]
    assert domain.sql("SELECT key FROM idempotency_keys") == [("young",)]


@pytest.mark.contract("10.6")
def test_the_answer_goes_with_its_effect(domain: DomainFixture) -> None:
    async def once(tx: Any) -> None:
        await grant_once(domain, tx, "k")
        raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError, match="the power goes"):
        domain.write(once)
    assert find(domain) is None
    assert domain.sql("SELECT count(*) FROM entries") == [(0,)]


@pytest.mark.contract("10.3")
def test_many_at_once_grant_one_card(domain: DomainFixture) -> None:
    async def together() -> list[bytes]:
        async def once(tx: Any) -> bytes:
            return await grant_once(domain, tx, "k")

        return await asyncio.gather(*(domain.database.write(once) for _ in range(8)))

    assert len(set(domain.run(together()))) == 1
    assert domain.sql("SELECT count(*) FROM entries") == [(1,)]


async def grant_once(domain: DomainFixture, tx: Any, key: str) -> bytes:
    """Grant a card as the API does it under an idempotency key."""
    kept = await idempotency.find(tx, domain.store.id, key, PRINT, domain.now)
    if kept is not None:
        return kept.body
    kelly = Identifier(uuid=KELLY.uuid)
    change = await grants.grant(tx, GrantRequest(domain.caller, kelly, Terms(5), new_id()))
    answer = Answer(200, change.card.id.encode())
    await idempotency.keep(tx, domain.store.id, key, PRINT, answer, domain.now)
    return answer.body
