"""References: under each of a store's own one card is granted, whatever happens."""

import asyncio
from typing import Any

import msgspec
import pytest

from gridgift.domain import bulk, giftcards, grants, labels, notes, stores, transfers, verify
from gridgift.domain.bulk import GrantRow, Skipped
from gridgift.domain.failures import ReferenceFixed, ReferenceTaken, ResidentNotFound, RowsRefused
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.model import NO_LABELS, CardChange, Labels
from gridgift.domain.notes import Labelling
from gridgift.domain.residents import Identifier
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture

TO_KELLY = Identifier(username=KELLY.username)
ORDER = Labels.of("order 7", ["vip", "hunt"], {"shop": "1"})


def request(domain: DomainFixture, terms: Terms, to: Identifier = TO_KELLY) -> GrantRequest:
    """Make a request for a card with an id of its own, as each try does."""
    return GrantRequest(domain.caller, to, terms, new_id())


def grant(domain: DomainFixture, terms: Terms, to: Identifier = TO_KELLY) -> CardChange:
    """Grant a card, or find it granted."""
    change: CardChange = domain.write(grants.grant, request(domain, terms, to))
    return change


def cards(domain: DomainFixture) -> list[tuple[Any, ...]]:
    """Return the ids of all cards."""
    return domain.sql("SELECT CAST(id AS text) FROM gift_cards ORDER BY id")


def labels_of(domain: DomainFixture, card_id: str) -> Labels:
    """Read a card's labels."""
    found: Labels = domain.read(labels.read, domain.store.id, card_id)
    return found


def faults(domain: DomainFixture) -> int:
    """Verify, and return how many faults there are."""
    number: int = domain.read(verify.verify, lambda fault: None, lambda seen: None)
    return number


@pytest.mark.contract("10.76", "10.77")
def test_the_same_order_grants_once(domain: DomainFixture) -> None:
    terms = Terms(5, reason="order", expires_at=domain.now + DAY, labels=ORDER)
    first = grant(domain, terms)
    assert labels_of(domain, first.card.id) == ORDER
    again = grant(domain, terms, Identifier(uuid=KELLY.uuid))
    assert (again.card, again.held, again.entry) == (first.card, 0, None)
    assert cards(domain) == [(first.card.id,)]
    assert len(domain.entries(first.card.id)) == 1


@pytest.mark.contract("10.77")
def test_what_became_of_the_card_does_not_matter(domain: DomainFixture) -> None:
    """The answer is the card as it is now, also when its date is over meanwhile."""
    terms = Terms(5, expires_at=domain.now + DAY, labels=ORDER, transfer=True)
    card = grant(domain, terms).card
    domain.write(giftcards.adjust, domain.caller, card.id, 4, "a gift")
    to_jo = Identifier(uuid=JO.uuid)
    domain.write(transfers.transfer, domain.caller, None, card.id, to_jo)
    domain.write(notes.label, domain.caller, card.id, Labelling(tags=(), metadata={}))
    domain.now += 2 * DAY
    assert grant(domain, terms).card == domain.card(card.id)
    assert len(cards(domain)) == 1


@pytest.mark.contract("10.77")
def test_an_expiry_that_is_left_to_the_store(domain: DomainFixture) -> None:
    domain.write(stores.update, domain.store.id, stores.StoreChanges(card_lifetime=30))
    card = grant(domain, Terms(5, labels=ORDER)).card
    domain.now += DAY
    domain.write(stores.update, domain.store.id, stores.StoreChanges(card_lifetime=60))
    assert grant(domain, Terms(5, labels=ORDER)).card == card
    with pytest.raises(ReferenceTaken, match=r"with another expires_at\.$"):
        grant(domain, Terms(5, labels=ORDER, expires_at=None))


OTHERS = {
    "credit": {"credit": 6},
    "transfer": {"transfer": True},
    "texture": {"texture": "5748decc-f629-461c-9a36-a35a221fe21f"},
    "expires_at": {"expires_at": 2_000_000_000_000},
    "reason": {"reason": "another"},
    "purchased": {"purchased": True},
    "tags": {"labels": Labels.of("order 7", ["vip"], {"shop": "1"})},
    "metadata": {"labels": Labels.of("order 7", ["vip", "hunt"], {})},
}


@pytest.mark.contract("10.78")
def test_each_term_is_looked_at() -> None:
    fields = set(Terms.__struct_fields__) - {"labels", "announce", "note"}
    assert set(OTHERS) == fields | set(Labels.__struct_fields__) - {"reference"}


@pytest.mark.contract("10.78")
@pytest.mark.parametrize("name", [*OTHERS, "owner"])
def test_another_request_is_refused(domain: DomainFixture, name: str) -> None:
    terms = Terms(5, labels=ORDER)
    card = grant(domain, terms).card
    other = msgspec.structs.replace(terms, **OTHERS.get(name, {}))
    to = Identifier(uuid=JO.uuid) if name == "owner" else TO_KELLY
    with pytest.raises(ReferenceTaken, match=rf"{card.id}.* with another {name}\.$") as refused:
        grant(domain, other, to)
    assert refused.value.card_id == card.id
    assert len(cards(domain)) == 1


@pytest.mark.contract("9.26")
def test_whether_it_is_announced_makes_no_other_request(domain: DomainFixture) -> None:
    card = grant(domain, Terms(5, labels=ORDER)).card
    assert grant(domain, Terms(5, labels=ORDER, announce=True)).card == card


@pytest.mark.contract("10.76")
def test_other_stores_have_references_of_their_own(domain: DomainFixture) -> None:
    new = stores.NewStore("Elsewhere", KELLY)
    elsewhere = domain.write(stores.create, new, new_id())
    caller = msgspec.structs.replace(domain.caller, store_id=elsewhere.id)
    terms = Terms(5, labels=ORDER)
    here = grant(domain, terms).card
    there = domain.write(grants.grant, GrantRequest(caller, TO_KELLY, terms, new_id())).card
    assert here.id != there.id
    assert there.store_id == elsewhere.id


@pytest.mark.contract("10.76", "10.78")
def test_in_one_transaction(domain: DomainFixture) -> None:
    """Of the same request several times, one is granted; a refused one takes no reference."""
    terms = Terms(5, labels=ORDER)
    nobody = Identifier(username="no.one")
    asked = [
        request(domain, terms, nobody),
        request(domain, msgspec.structs.replace(terms, credit=0)),
        request(domain, terms),
        request(domain, Terms(7)),
        request(domain, terms),
        request(domain, msgspec.structs.replace(terms, credit=6)),
    ]
    results = domain.write(grants.grant_each, domain.store.id, asked)
    assert isinstance(results[0], ResidentNotFound)
    assert results[2].card.id == results[4].card.id == asked[2].card_id
    assert results[3].card.credit == 7
    assert isinstance(results[5], ReferenceTaken)
    assert len(cards(domain)) == 2


@pytest.mark.contract("10.76")
@pytest.mark.parametrize("ways", [2, 16])
def test_at_the_same_time(domain: DomainFixture, ways: int) -> None:
    """Transactions that see nothing of each other grant one card and answer with it."""
    terms = [Terms(5, labels=Labels.of(f"order {number}", (), {})) for number in range(3)]

    async def all_at_once() -> list[Any]:
        tries = [
            domain.database.write(
                grants.grant_each,
                domain.store.id,
                [request(domain, each) for each in (terms if way % 2 else terms[::-1])],
            )
            for way in range(ways)
        ]
        return await asyncio.gather(*tries)

    results = domain.run(all_at_once())
    found = {change.card.id for changes in results for change in changes}
    assert len(found) == 3 == len(cards(domain))
    assert faults(domain) == 0


@pytest.mark.contract("10.81")
def test_a_reference_stays(domain: DomainFixture) -> None:
    card, other = domain.grant(), domain.grant()
    first = domain.write(notes.label, domain.caller, card.id, Labelling(reference="order 8"))
    assert first.labels == Labels("order 8")
    assert (
        domain.write(notes.label, domain.caller, card.id, Labelling(reference="order 8")) == first
    )
    with pytest.raises(ReferenceFixed):
        domain.write(notes.label, domain.caller, card.id, Labelling(reference="order 9"))
    with pytest.raises(ReferenceTaken):
        domain.write(notes.label, domain.caller, other.id, Labelling(reference="order 8"))
    assert grant(domain, Terms(500, labels=Labels("order 8"))).card.id == card.id
    assert labels_of(domain, other.id) == NO_LABELS


@pytest.mark.contract("10.81")
def test_two_cards_ask_for_one_reference_at_once(domain: DomainFixture) -> None:
    ids = [domain.grant().id for _ in range(8)]

    async def all_at_once() -> list[Any]:
        wanted = Labelling(reference="order 8")
        tries = [domain.database.write(notes.label, domain.caller, each, wanted) for each in ids]
        return await asyncio.gather(*tries, return_exceptions=True)

    results = domain.run(all_at_once())
    assert sum(isinstance(result, ReferenceTaken) for result in results) == len(ids) - 1
    assert faults(domain) == 0


@pytest.mark.contract("10.82")
def test_a_reissued_card_leaves_its_reference_behind(domain: DomainFixture) -> None:
    terms = Terms(5, labels=ORDER)
    lost = grant(domain, terms).card
    new = domain.write(transfers.reissue, domain.caller, lost.id, new_id(), "lost").new.card
    assert labels_of(domain, new.id) == msgspec.structs.replace(ORDER, reference=None)
    assert labels_of(domain, lost.id) == ORDER
    assert grant(domain, terms).card == domain.card(lost.id)
    assert len(cards(domain)) == 2
    assert faults(domain) == 0


@pytest.mark.contract("10.83")
@pytest.mark.parametrize("atomic", [False, True])
def test_many_at_once(domain: DomainFixture, atomic: bool) -> None:
    def rows(*amounts: int) -> list[GrantRow]:
        return [GrantRow(TO_KELLY, Terms(credit, labels=ORDER)) for credit in amounts]

    def done(*amounts: int) -> Any:
        wanted, ids = rows(*amounts), [new_id() for _ in amounts]
        return ids, domain.write(bulk.grant, domain.caller, wanted, ids, atomic=atomic)

    checked = domain.write(bulk.check, domain.store.id, rows(5, 5, 6))
    assert checked[:2] == [None, Skipped()]
    assert isinstance(checked[2], ReferenceTaken)
    ids, outcomes = done(5, 5)
    assert outcomes == [ids[0], Skipped(ids[0])]
    assert done(5)[1] == [Skipped(ids[0])]
    if atomic:
        with pytest.raises(RowsRefused):
            done(5, 6)
    else:
        assert isinstance(done(5, 6)[1][1], ReferenceTaken)
    assert cards(domain) == [(ids[0],)]
