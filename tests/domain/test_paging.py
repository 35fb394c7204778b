"""Keyset paging: forward and backward equals the set (contract section 4)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gridgift.domain import giftcards, grants, lists, paging
from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.lists import Filters, PageRequest
from gridgift.domain.model import GiftCard, OwnedCard, Resident
from gridgift.domain.paging import Page, Position
from gridgift.domain.residents import Identifier
from tests.domain.fixture import DomainFixture

MANY_PAGES = 200  # more than any walk here takes: a walk that does not end fails


class Thing(Struct, frozen=True):
    id: str


def page_of(ids: list[str], position: Position, limit: int) -> Page[Thing]:
    """Read a page of a list in memory, as the SQL does it."""
    found = list(reversed(ids)) if position.backward else ids
    if position.keys:
        (key,) = position.keys
        found = [thing for thing in found if thing != key and (thing < key) == position.backward]
    things = [Thing(thing) for thing in found[: limit + 1]]
    return paging.page_of(things, position, limit, lambda thing: (thing.id,))


Read = Callable[[Position], Page[Any]]


def walk(read: Read, between: Callable[[], object] = lambda: None) -> tuple[list[Any], Page[Any]]:
    """Go to the end; return all rows and the last page."""
    page = read(Position())
    rows = list(page.rows)
    for _ in range(MANY_PAGES):
        if page.next is None:
            return rows, page
        between()
        page = read(page.next)
        rows += page.rows
    raise AssertionError("this walk does not end")


def walk_back(
    read: Read, page: Page[Any], between: Callable[[], object] = lambda: None
) -> list[Any]:
    """Go from a page back to the start; return all rows in id order."""
    rows = list(page.rows)
    for _ in range(MANY_PAGES):
        if page.previous is None:
            return rows
        between()
        page = read(page.previous)
        rows = [*page.rows, *rows]
    raise AssertionError("this walk does not end")


ids = st.lists(st.uuids().map(str).filter(lambda made: made[0] != "f"), unique=True).map(sorted)
positions = st.builds(Position, st.uuids().map(lambda made: (str(made),)))


@pytest.mark.contract("4.5", "4.6", "4.10")
@given(ids=ids, limit=st.integers(1, 5))
def test_forward_and_backward_in_memory(ids: list[str], limit: int) -> None:
    def read(position: Position) -> Page[Thing]:
        page = page_of(ids, position, limit)
        assert len(page.rows) <= limit
        return page

    forward, last = walk(read)
    assert [thing.id for thing in forward] == ids
    assert [thing.id for thing in walk_back(read, last)] == ids


@given(ids=ids, limit=st.integers(1, 5), position=positions)
def test_pages_beside_a_page_join_on(ids: list[str], limit: int, position: Position) -> None:
    page = page_of(ids, position, limit)
    if page.rows and page.next is not None:
        beyond = page_of(ids, page.next, limit)
        assert beyond.previous is not None
        assert page_of(ids, beyond.previous, limit).rows == page.rows


@given(ids=ids, limit=st.integers(1, 5), backward=st.booleans())
def test_a_page_whose_rows_are_gone_still_leads_on(
    ids: list[str], limit: int, backward: bool
) -> None:
    edge = (
        "00000000-0000-0000-0000-000000000001"
        if backward
        else "f" * 8 + "-0000-0000-0000-" + "f" * 12
    )
    page = page_of(ids, Position((edge,), backward=backward), limit)
    assert page.rows == []
    if backward:
        assert page.previous is None
        assert page.next is not None
        assert [thing.id for thing in page_of(ids, page.next, limit).rows] == ids[:limit]
    else:
        assert page.next is None
        assert page.previous is not None
        assert [thing.id for thing in page_of(ids, page.previous, limit).rows] == ids[-limit:]


def test_an_empty_list_is_one_page() -> None:
    assert page_of([], Position(), 3) == Page([], None, None)


def reader(domain: DomainFixture, owner: Resident, filters: Filters, limit: int) -> Read:
    def read(position: Position) -> Page[OwnedCard]:
        request = PageRequest(owner.uuid, position, limit, filters)
        named, page = domain.read(lists.list_of, domain.store.id, request)
        assert named == owner
        assert len(page.rows) <= limit
        return page

    return read


def ids_of(cards: Sequence[GiftCard | OwnedCard]) -> list[str]:
    return [card.id for card in cards]


some = settings(max_examples=12)
between_pages = st.lists(st.sampled_from(["insert", "change", "nothing"]), max_size=12)


@pytest.mark.contract("4.7", "4.9", "4.10", "4.11")
@some
@given(size=st.integers(0, 9), limit=st.integers(1, 4), actions=between_pages)
def test_forward_and_backward_on_the_engines(
    domain: DomainFixture, size: int, limit: int, actions: list[str]
) -> None:
    owner = domain.newcomer()
    there = [domain.grant(owner) for _ in range(size)]
    read, left = reader(domain, owner, Filters(), limit), iter(actions)

    def between() -> None:
        action = next(left, "nothing")
        if action == "insert":
            there.append(domain.grant(owner))
        elif action == "change":
            domain.write(giftcards.disable, domain.caller, there[0].id, None)

    forward, last = walk(read, between)
    assert ids_of(forward) == ids_of(there)
    assert ids_of(walk_back(read, last, between)) == ids_of(forward)


@pytest.mark.contract("4.11")
@some
@given(
    limit=st.integers(1, 4),
    goes=st.lists(st.booleans(), min_size=1, max_size=9),
    order=st.randoms(use_true_random=False),
)
def test_rows_that_leave_a_filtered_list_hide_no_others(
    domain: DomainFixture, limit: int, goes: list[bool], order: Any
) -> None:
    owner = domain.newcomer()
    cards = [domain.grant(owner) for _ in goes]
    leaving = [card for card, leaves in zip(cards, goes, strict=True) if leaves]
    staying = [card.id for card, leaves in zip(cards, goes, strict=True) if not leaves]
    order.shuffle(leaving)
    read = reader(domain, owner, Filters(active=True), limit)

    def between() -> None:
        if leaving:
            domain.write(giftcards.disable, domain.caller, leaving.pop().id, None)

    forward, last = walk(read, between)
    assert [card.id for card in forward if card.id in staying] == staying
    backward = walk_back(read, last, between)
    assert [card.id for card in backward if card.id in staying] == staying
    assert len(set(ids_of(backward))) == len(backward)


@pytest.mark.contract("6.8")
def test_filters_mean_both(domain: DomainFixture) -> None:
    owner = domain.newcomer()
    cards = {(active, redeemed): domain.grant(owner) for active in (1, 0) for redeemed in (1, 0)}
    for (active, redeemed), card in cards.items():
        flags = f"active = {bool(active)}, redeemed = {bool(redeemed)}"
        domain.sql(f"UPDATE gift_cards SET {flags} WHERE id = '{card.id}'")
    for wish_active in (None, True, False):
        for wish_redeemed in (None, True, False):
            rows, _ = walk(reader(domain, owner, Filters(wish_active, wish_redeemed), 2))
            assert ids_of(rows) == [
                card.id
                for (active, redeemed), card in cards.items()
                if wish_active in (None, active) and wish_redeemed in (None, redeemed)
            ]


@pytest.mark.contract("4.11")
def test_a_walk_while_others_are_granting(domain: DomainFixture) -> None:
    owner = domain.newcomer()
    there = ids_of([domain.grant(owner) for _ in range(20)])

    async def grant_on(stop: asyncio.Event) -> None:
        while not stop.is_set():
            identifier, card_id = Identifier(uuid=owner.uuid), new_id()
            await domain.database.write(
                grants.grant, GrantRequest(domain.caller, identifier, Terms(1), card_id)
            )

    async def list_of(position: Position) -> Page[OwnedCard]:
        request = PageRequest(owner.uuid, position, 7)
        _, page = await domain.database.read(lists.list_of, domain.store.id, request)
        return page

    async def walk_meanwhile() -> list[str]:
        stop = asyncio.Event()
        granting = [asyncio.create_task(grant_on(stop)) for _ in range(3)]
        seen: list[str] = []
        position: Position | None = Position()
        while position is not None and len(seen) < 60:
            page = await list_of(position)
            seen += ids_of(list(page.rows))
            position = page.next
            await asyncio.sleep(0.005)
        stop.set()
        await asyncio.gather(*granting)
        return seen

    seen = domain.run(walk_meanwhile())
    assert seen[:20] == there
    assert seen == sorted(set(seen))


@pytest.mark.contract("4.7", "6.8")
def test_pages_that_are_asked_for_together_are_those_asked_for_alone(domain: DomainFixture) -> None:
    owner, other = domain.newcomer(), domain.newcomer()
    cards = [domain.grant(owner) for _ in range(5)]
    domain.write(giftcards.disable, domain.caller, cards[3].id, None)
    nobody = new_id()
    requests = [
        PageRequest(owner.uuid, Position((cards[1].id,)), 2),
        PageRequest(nobody, Position(), 2),
        PageRequest(owner.uuid, Position((cards[4].id,), backward=True), 2),
        PageRequest(owner.uuid, Position(), 9, Filters(active=False)),
        PageRequest(other.uuid, Position(), 2),
        PageRequest(owner.uuid, Position(), 2),
    ]
    answers = domain.read(lists.list_each, domain.store.id, requests)
    assert str(answers[1]) == str(ResidentNotFound(nobody))
    for request, answer in zip(requests, answers, strict=True):
        if request.owner_uuid == nobody:
            with pytest.raises(ResidentNotFound):
                domain.read(lists.list_of, domain.store.id, request)
        else:
            assert answer == domain.read(lists.list_of, domain.store.id, request)
    pages = [[cards[2], cards[3]], [cards[2], cards[3]], [cards[3]], [], [cards[0], cards[1]]]
    found = [answer[1] for answer in answers if isinstance(answer, tuple)]
    assert [ids_of(page.rows) for page in found] == [ids_of(page) for page in pages]
