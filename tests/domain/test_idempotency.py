"""Idempotency keys: an answer is stored with its effect, for seven days (contract section 10)."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain import grants, idempotency
from gridgift.domain.failures import Failure, IdempotencyKeyReused, ResidentNotFound
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.idempotency import KEPT_FOR, Answered, IdempotencyKey, Once, Run
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.model import CardChange
from gridgift.domain.residents import Identifier
from gridgift.http.edge.request import fingerprint
from gridgift.storage.database import Tx
from tests.api import KELLY
from tests.domain.fixture import DomainFixture

KEY = IdempotencyKey("k", fingerprint("POST", "/v1/x", None, {}))
REUSED = IdempotencyKey("k", fingerprint("POST", "/v1/x", None, {"a": 1}))
OPAQUE = b"\x00\xff, whatever the edge makes of it\n"

asked = st.none() | st.dictionaries(st.sampled_from("ab"), st.none() | st.integers(0, 2))
requests = st.tuples(st.sampled_from(["POST", "PUT"]), st.text("/abc?=", min_size=1), asked, asked)


@given(one=requests, other=requests)
def test_only_the_same_request_has_the_same_fingerprint(
    one: tuple[str, str, Any, Any], other: tuple[str, str, Any, Any]
) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


async def nothing(tx: Tx) -> bytes:
    """Do nothing."""
    return OPAQUE


def once(
    domain: DomainFixture,
    key: IdempotencyKey = KEY,
    answer: bytes = OPAQUE,
    store_id: str | None = None,
) -> Answered:
    """Do nothing, once under a key."""
    answered: Answered = domain.write(
        idempotency.once, store_id or domain.store.id, Once(nothing, key, lambda _: answer)
    )
    return answered


@pytest.mark.contract("10.3")
@pytest.mark.parametrize("answer", [OPAQUE, b""])
def test_stored_and_replayed(domain: DomainFixture, answer: bytes) -> None:
    assert once(domain, answer=answer) == Answered(answer)
    assert once(domain, answer=b"another") == Answered(answer, replayed=True)


@pytest.mark.contract("10.4")
def test_another_request_is_refused(domain: DomainFixture) -> None:
    once(domain)
    with pytest.raises(IdempotencyKeyReused):
        once(domain, REUSED)


@pytest.mark.contract("10.2")
def test_another_store_may_use_the_same_key(domain: DomainFixture) -> None:
    assert not once(domain, REUSED, b"there", store_id=new_id()).replayed
    assert once(domain) == Answered(OPAQUE)
    assert once(domain) == Answered(OPAQUE, replayed=True)


@pytest.mark.contract("10.5")
def test_kept_for_seven_days(domain: DomainFixture) -> None:
    assert KEPT_FOR == 7 * DAY
    once(domain)
    domain.now += KEPT_FOR - 1
    assert once(domain).replayed
    domain.now += 1
    assert not once(domain, REUSED, b"new").replayed
    assert once(domain, REUSED) == Answered(b"new", replayed=True)


def test_an_answer_is_kept_while_the_clock_may_be_wrong(domain: DomainFixture) -> None:
    domain.grant(KELLY)
    once(domain)
    domain.now += 400 * DAY
    assert once(domain) == Answered(OPAQUE, replayed=True)
    domain.now -= 400 * DAY
    assert once(domain) == Answered(OPAQUE, replayed=True)


def test_forgets_old_ones_only_and_a_few_at_a_time(domain: DomainFixture) -> None:
    for number in range(5):
        once(domain, IdempotencyKey(f"old {number}", KEY.fingerprint))
    domain.now += KEPT_FOR + HOUR - 1
    assert domain.write(idempotency.forget, 2) == 0
    domain.now += 1
    once(domain, IdempotencyKey("young", KEY.fingerprint))
    counts = [domain.write(idempotency.forget, 2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]
    assert domain.sql("SELECT key FROM idempotency_keys") == [("young",)]


def grant_to(domain: DomainFixture) -> Run[CardChange]:
    """Return what grants a card."""
    wanted = GrantRequest(domain.caller, Identifier(uuid=KELLY.uuid), Terms(5), new_id())
    return partial(grants.grant, request=wanted)


def encode(change: CardChange) -> bytes:
    """Answer with a card's id."""
    return change.card.id.encode()


@pytest.mark.contract("10.6")
def test_the_answer_goes_with_its_effect(domain: DomainFixture) -> None:
    async def fail(tx: Tx) -> None:
        await idempotency.once(tx, domain.store.id, Once(grant_to(domain), KEY, encode))
        raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError, match="the power goes"):
        domain.write(fail)
    assert not once(domain).replayed
    assert domain.sql("SELECT count(*) FROM entries") == [(0,)]


def test_a_refusal_is_not_stored(domain: DomainFixture) -> None:
    async def refuse(tx: Tx) -> bytes:
        raise ResidentNotFound("nobody.known")

    with pytest.raises(ResidentNotFound):
        domain.write(idempotency.once, domain.store.id, Once(refuse, KEY, lambda _: OPAQUE))
    assert not once(domain).replayed


@pytest.mark.contract("10.3")
def test_many_at_once_grant_one_card(domain: DomainFixture) -> None:
    async def all_at_once() -> list[Answered]:
        write = domain.database.write
        attempts = [
            write(idempotency.once, domain.store.id, Once(grant_to(domain), KEY, encode))
            for _ in range(8)
        ]
        return await asyncio.gather(*attempts)

    answers = domain.run(all_at_once())
    assert len({each.answer for each in answers}) == 1
    assert [each.replayed for each in answers].count(False) == 1
    assert domain.sql("SELECT count(*) FROM entries") == [(1,)]


class Echo:
    """Answers each request with itself, but refuses those that begin with ``no``."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def run(self, tx: Tx, store_id: str, requests: Sequence[str]) -> list[str | Failure]:
        """Answer a batch."""
        self.batches.append(list(requests))
        return [ResidentNotFound(each) if each.startswith("no") else each for each in requests]


def each_once(domain: DomainFixture, *asked: tuple[str, IdempotencyKey | None]) -> tuple[Any, Echo]:
    """Ask for many at once; return the answers, and what ran."""
    echo = Echo()
    requests = [Once(request, key, str.encode) for request, key in asked]
    return domain.write(idempotency.once_each, domain.store.id, requests, echo.run), echo


def keyed(name: str, fingerprint: bytes = KEY.fingerprint) -> IdempotencyKey:
    """Make a key."""
    return IdempotencyKey(name, fingerprint)


def test_of_many_each_is_answered_for_itself(domain: DomainFixture) -> None:
    each_once(domain, ("before", keyed("stored")))
    answers, echo = each_once(
        domain,
        ("a", None),
        ("b", keyed("stored")),
        ("no", keyed("refused")),
        ("c", keyed("stored", b"another")),
        ("d", keyed("new")),
    )
    assert answers[0] == Answered(b"a")
    assert answers[1] == Answered(b"before", replayed=True)
    assert isinstance(answers[2], ResidentNotFound)
    assert isinstance(answers[3], IdempotencyKeyReused)
    assert answers[4] == Answered(b"d")
    assert echo.batches == [["a", "no", "d"]]


def test_of_many_with_one_key_the_first_that_is_not_refused_is_done(domain: DomainFixture) -> None:
    answers, echo = each_once(
        domain,
        ("no 1", keyed("k", b"before")),
        ("yes", keyed("k")),
        ("yes again", keyed("k")),
        ("other", keyed("k", b"another")),
    )
    assert isinstance(answers[0], ResidentNotFound)
    assert answers[1:3] == [Answered(b"yes"), Answered(b"yes", replayed=True)]
    assert isinstance(answers[3], IdempotencyKeyReused)
    assert echo.batches == [["no 1"], ["yes"]]


def test_one_refusal_serves_all_who_sent_the_same_request(domain: DomainFixture) -> None:
    answers, echo = each_once(domain, *[("no", keyed("k"))] * 20, ("no", keyed("k", b"another")))
    assert [type(each) for each in answers] == [ResidentNotFound] * 21
    assert echo.batches == [["no"], ["no"]]


async def grant_each(
    tx: Tx, store_id: str, requests: Sequence[GrantRequest]
) -> Sequence[CardChange | Failure]:
    """Grant many."""
    return await grants.grant_each(tx, store_id, requests)


@pytest.mark.parametrize("rounds", [20])
def test_transactions_that_store_the_same_keys_at_once(domain: DomainFixture, rounds: int) -> None:
    def request() -> GrantRequest:
        return GrantRequest(domain.caller, Identifier(uuid=KELLY.uuid), Terms(5), new_id())

    async def race(number: int) -> list[list[Answered]]:
        keys = [keyed(f"{number} {key}") for key in range(5)]
        batches = [
            [Once(request(), key, encode) for key in (keys if way else keys[::-1])]
            for way in (0, 1, 0, 1)
        ]
        write = domain.database.write
        return await asyncio.gather(
            *[write(idempotency.once_each, domain.store.id, batch, grant_each) for batch in batches]
        )

    for number in range(rounds):
        answers = [answer for batch in domain.run(race(number)) for answer in batch]
        assert len({answer.answer for answer in answers}) == 5
        assert sum(not answer.replayed for answer in answers) == 5
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(5 * rounds,)]
