"""Gift cards: what PUT's replacement and disable do to a card and its chain (section 6)."""

from collections.abc import Sequence
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import giftcards, grants, ledger, residents
from gridgift.domain.failures import (
    GiftCardNotFound,
    GiftCardRedeemed,
    PreconditionFailed,
    ResidentNotFound,
    ValidationFailed,
)
from gridgift.domain.giftcards import Replacement, Terms, etag
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.ledger import NO_HASH, entry_hash
from gridgift.domain.model import MAX_CREDIT, CardState, Entry, GiftCard, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx
from tests.api import KELLY
from tests.domain.fixture import DomainFixture

DISABLE: Final = None
TEXTURE: Final = "5748decc-f629-461c-9a36-a35a221fe21f"

few = st.sampled_from([0, 1, 500, MAX_CREDIT])  # few values, so that replacements repeat
replacements = st.builds(
    Replacement,
    credit=st.one_of(few, st.integers(0, MAX_CREDIT)),
    texture=st.sampled_from([None, TEXTURE]),
    transfer=st.booleans(),
    active=st.booleans(),
)
steps = st.lists(st.one_of(replacements, st.just(DISABLE)), max_size=6)


def assert_chain(card: GiftCard, chain: Sequence[Entry]) -> None:
    """Re-compute a card from its entries alone."""
    assert [entry.seq for entry in chain] == list(range(1, card.version + 1))
    assert sum(entry.delta for entry in chain) == card.credit == chain[-1].balance_after
    previous, balance = NO_HASH, 0
    for entry in chain:
        balance += entry.delta
        assert entry.balance_after == balance
        assert entry.previous_hash == previous
        previous = entry_hash(entry)
        assert entry.hash == previous
    state = msgspec.json.decode(chain[-1].state, type=CardState, strict=True)
    assert state == CardState.of(card)


def expected_after(card: GiftCard, step: Replacement | None) -> tuple[GiftCard, str]:
    """Say in plain words what a step makes of a card, and what its entry is called."""
    values = {"active": False} if step is DISABLE else msgspec.structs.asdict(step)
    after = msgspec.structs.replace(card, **values)
    switched = msgspec.structs.replace(card, active=not card.active)
    if after != switched:
        return after, "updated"
    return after, "enabled" if after.active else "disabled"


@pytest.mark.contract("6.15", "6.23", "6.24")
@settings(max_examples=25)
@given(steps=steps)
def test_any_sequence_of_changes(domain: DomainFixture, steps: list[Replacement | None]) -> None:
    card = domain.grant(credit=500)
    kinds = ["granted"]
    for number, step in enumerate(steps, 1):
        after, kind = expected_after(card, step)
        domain.now += number
        if after != card:
            kinds.append(kind)
            after = msgspec.structs.replace(after, version=card.version + 1, updated_at=domain.now)
        if step is DISABLE:
            change = domain.write(giftcards.disable, domain.caller, card.id)
        else:
            change = domain.write(giftcards.update, domain.caller, card.id, step)
        assert change.card == domain.card(card.id)
        assert change.card == msgspec.structs.replace(after, head=change.card.head)
        assert (change.card.head == card.head) == (change.entry is None)
        assert change.held == 0
        assert change.entry == (domain.entries(card.id)[-1] if after != card else None)
        card = change.card
    chain = domain.entries(card.id)
    assert [entry.kind for entry in chain] == kinds
    assert_chain(card, chain)


@pytest.mark.contract("6.16")
def test_the_defaults_of_a_replacement() -> None:
    assert Replacement() == Replacement(credit=0, texture=None, transfer=False, active=False)


@pytest.mark.contract("6.13", "6.25", "5.12")
def test_granted(domain: DomainFixture) -> None:
    expiry = domain.now + 1
    card = domain.grant(KELLY, MAX_CREDIT, transfer=True, texture=TEXTURE, expires_at=expiry)
    assert card == GiftCard(
        store_id=domain.store.id,
        id=card.id,
        owner_uuid=KELLY.uuid,
        owner_username=KELLY.username,
        credit=MAX_CREDIT,
        active=True,
        redeemed=False,
        transfer=True,
        texture=TEXTURE,
        purchased=False,
        expires_at=expiry,
        version=1,
        created_at=domain.now,
        updated_at=domain.now,
        head=ledger.head_of(domain.entries(card.id)[0].hash),
    )
    assert_chain(card, domain.entries(card.id))
    assert domain.sql("SELECT count(*) FROM customers") == [(1,)]
    domain.grant(KELLY)
    assert domain.sql("SELECT count(*) FROM customers") == [(1,)]


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("credit", Terms(0)),
        ("credit", Terms(-1)),
        ("credit", Terms(MAX_CREDIT + 1)),
        ("expires_at", Terms(1, expires_at=0)),
    ],
)
def test_bad_terms_grant_nothing(domain: DomainFixture, field: str, terms: Terms) -> None:
    kelly = Identifier(uuid=KELLY.uuid)
    with pytest.raises(ValidationFailed) as refused:
        domain.write(grants.grant, GrantRequest(domain.caller, kelly, terms, new_id()))
    assert list(refused.value.errors) == [field]
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(0,)]
    assert domain.sql("SELECT count(*) FROM customers") == [(0,)]


def test_an_expiry_must_lie_ahead(domain: DomainFixture) -> None:
    with pytest.raises(ValidationFailed):
        domain.grant(expires_at=domain.now)


def test_a_grant_to_nobody_leaves_nothing(domain: DomainFixture) -> None:
    with pytest.raises(ResidentNotFound):
        domain.grant(Resident(new_id(), "nobody"))
    assert domain.sql("SELECT count(*) FROM entries") == [(0,)]


@pytest.mark.contract("6.22")
def test_a_redeemed_card_stays_as_it_is(domain: DomainFixture) -> None:
    card = domain.grant()
    domain.sql("UPDATE gift_cards SET redeemed = TRUE")
    before = domain.card(card.id)
    same = Replacement(before.credit, before.texture, before.transfer, before.active)
    for step in (same, Replacement(credit=1)):
        with pytest.raises(GiftCardRedeemed):
            domain.write(giftcards.update, domain.caller, card.id, step)
    with pytest.raises(GiftCardRedeemed):
        domain.write(giftcards.disable, domain.caller, card.id)
    assert domain.card(card.id) == before
    assert len(domain.entries(card.id)) == 1


@pytest.mark.contract("10.9")
def test_a_stale_etag_changes_nothing(domain: DomainFixture) -> None:
    card = domain.grant()
    stale = frozenset([etag(card)])
    change = domain.write(giftcards.update, domain.caller, card.id, Replacement(credit=5), stale)
    changed = change.card
    for step in (Replacement(credit=9), Replacement(credit=5)):
        with pytest.raises(PreconditionFailed, match=etag(changed)):
            domain.write(giftcards.update, domain.caller, card.id, step, stale)
    with pytest.raises(PreconditionFailed):
        domain.write(giftcards.disable, domain.caller, card.id, stale)
    with pytest.raises(PreconditionFailed):
        domain.write(giftcards.disable, domain.caller, card.id, frozenset())
    assert domain.card(card.id) == changed
    assert len(domain.entries(card.id)) == 2


@pytest.mark.contract("10.7", "10.9")
def test_a_state_that_was_lost_has_an_etag_of_its_own(domain: DomainFixture) -> None:
    """As after the restore of a backup: another change takes the place of one that is gone."""
    card = domain.grant()
    other = msgspec.structs.replace(domain.caller, request_id="request-2")
    lost: list[str] = []

    async def change_and_lose(tx: Tx, credit: int) -> None:
        change = await giftcards.update(tx, domain.caller, card.id, Replacement(credit=credit))
        lost.append(etag(change.card))
        raise LookupError

    for credit in (5, 7):
        with pytest.raises(LookupError):
            domain.write(change_and_lose, credit)
    change = domain.write(giftcards.update, other, card.id, Replacement(credit=5))
    assert len({*lost, etag(card), etag(change.card)}) == 4
    for stale in lost:
        with pytest.raises(PreconditionFailed):
            domain.write(
                giftcards.update, other, card.id, Replacement(credit=9), frozenset([stale])
            )
    assert etag(domain.card(card.id)) == etag(change.card)


def test_the_etag_changes_with_the_owners_name(domain: DomainFixture) -> None:
    card = domain.grant(KELLY)
    domain.write(residents.remember, Resident(KELLY.uuid, "kelly.stormwind"))
    assert etag(domain.card(card.id)) != etag(card)


@pytest.mark.contract("1.9", "1.10")
def test_another_stores_card_is_not_there(domain: DomainFixture) -> None:
    card = domain.grant()
    elsewhere = msgspec.structs.replace(domain.caller, store_id=new_id())
    with pytest.raises(GiftCardNotFound):
        domain.read(giftcards.read, elsewhere.store_id, card.id)
    with pytest.raises(GiftCardNotFound):
        domain.write(giftcards.update, elsewhere, card.id, Replacement())
    with pytest.raises(GiftCardNotFound):
        domain.write(giftcards.disable, elsewhere, card.id)
    assert domain.card(card.id) == card
