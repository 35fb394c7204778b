"""What operations return: the card or account after the change, what is held, and the entry."""

from typing import Any

import msgspec
import pytest

from gridgift.domain import credit, giftcards, holds, ledger, redemption, transfers
from gridgift.domain.accounts import Change
from gridgift.domain.credit import Credit
from gridgift.domain.failures import ResidentNotFound, ValidationFailed
from gridgift.domain.giftcards import Patch, Replacement
from gridgift.domain.ids import new_id
from gridgift.domain.instants import SECOND
from gridgift.domain.model import CardState, CreditState, Entry, Lot, LotTerms
from gridgift.domain.residents import Identifier
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture

TO_KELLY = Identifier(username=KELLY.username)
LOT, SPEND = new_id(), new_id()


def change(domain: DomainFixture, operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Run a write as the fixture's caller."""
    return domain.write(operation, domain.caller, *args, **kwargs)


def account(domain: DomainFixture) -> list[Entry]:
    """Read the chain of Kelly's credit."""
    entries: list[Entry] = domain.read(ledger.entries, domain.store.id, "credit", KELLY.uuid)
    return entries


@pytest.mark.parametrize(
    ("operation", "args"),
    [
        (giftcards.update, [Replacement(100, None, False, False)]),
        (giftcards.patch, [Patch(transfer=True)]),
        (giftcards.adjust, [5, "why"]),
        (giftcards.disable, []),
    ],
)
def test_a_change_tells_what_is_held(domain: DomainFixture, operation: Any, args: Any) -> None:
    card = domain.grant(credit=100).id
    for amount, seconds in ((30, 9), (7, 9), (11, 1)):
        change(domain, holds.place, card, new_id(), amount, seconds * SECOND)
    domain.now += SECOND
    done = change(domain, operation, card, *args)
    assert done.held == 37
    assert done.card == domain.card(card)
    assert done.entry == domain.entries(card)[-1]
    domain.now += 9 * SECOND
    assert change(domain, giftcards.patch, card, Patch()).held == 0


@pytest.mark.parametrize(
    ("operation", "args"),
    [
        (giftcards.update, [Replacement(100, None, False, False)]),
        (giftcards.patch, [Patch(active=False)]),
        (giftcards.patch, [Patch()]),
        (giftcards.disable, []),
    ],
)
def test_what_changes_nothing_has_no_entry(
    domain: DomainFixture, operation: Any, args: Any
) -> None:
    card = domain.grant(credit=100).id
    change(domain, giftcards.disable, card)
    change(domain, giftcards.patch, card, Patch(active=True))
    change(domain, holds.place, card, new_id(), 30, 9 * SECOND)
    before = change(domain, giftcards.disable, card).card
    done = change(domain, operation, card, *args)
    assert (done.card, done.held, done.entry) == (before, 30, None)
    assert len(domain.entries(card)) == before.version


def test_an_adjustment_by_nothing_is_refused(domain: DomainFixture) -> None:
    with pytest.raises(ValidationFailed) as refused:
        change(domain, giftcards.adjust, new_id(), 0, "why")
    assert refused.value.errors == {"delta": ["must not be 0"]}


def test_a_holds_entries_name_it(domain: DomainFixture) -> None:
    card, kept, taken = domain.grant(credit=100).id, new_id(), new_id()
    change(domain, holds.place, card, kept, 30, 9 * SECOND)
    placed = change(domain, holds.place, card, taken, 20, SECOND)
    assert (placed.hold.expires_at, placed.hold.created_at) == (domain.now + SECOND, domain.now)
    assert (placed.change.card.credit, placed.change.held) == (100, 50)
    captured = change(domain, holds.capture, card, taken)
    assert (captured.change.card.credit, captured.change.held) == (80, 30)
    voided = change(domain, holds.void, card, kept)
    assert (voided.change.card.credit, voided.change.held) == (80, 0)
    assert voided.change.card.held_until is None
    named = [
        (entry.kind, entry.reason, msgspec.json.decode(entry.state, type=CardState).hold)
        for entry in domain.entries(card)
    ]
    assert named == [
        ("granted", "", None), ("held", "", kept), ("held", "", taken), ("captured", "", taken),
        ("voided", "", kept),
    ]  # fmt: skip
    assert '"hold"' not in domain.entries(card)[0].state


def test_a_card_that_moves_on_names_where_it_came_from(domain: DomainFixture) -> None:
    card, new = domain.grant(transfer=True).id, new_id()
    moved = change(domain, transfers.transfer, None, card, Identifier(uuid=JO.uuid), "a gift")
    assert (moved.card.owner_uuid, moved.held, moved.entry.reason) == (JO.uuid, 0, "a gift")
    assert msgspec.json.decode(moved.entry.state, type=CardState).source == KELLY.uuid
    reissue = change(domain, transfers.reissue, card, new, "lost")
    assert (reissue.old.card, reissue.old.held) == (domain.card(card), 0)
    assert reissue.old.entry == domain.entries(card)[-1]
    assert msgspec.json.decode(reissue.old.entry.state, type=CardState).source == new
    opened = reissue.new
    assert (opened.card, opened.held) == (domain.card(new), 0)
    assert [opened.entry] == domain.entries(new)
    assert (opened.entry.kind, opened.entry.reason) == ("reissued", "lost")
    assert msgspec.json.decode(opened.entry.state, type=CardState).source == card


def test_a_redemption_returns_both_entries(domain: DomainFixture) -> None:
    card = domain.grant(credit=70, expires_at=domain.now + SECOND)
    done = change(domain, redemption.redeem, KELLY, card.id, LOT)
    assert (done.card.card, done.card.held) == (domain.card(card.id), 0)
    assert (done.card.entry, done.card.entry.delta) == (domain.entries(card.id)[-1], -70)
    (entry,) = account(domain)
    assert (done.credit, entry.delta) == (entry, 70)
    state = msgspec.json.decode(entry.state, type=CreditState)
    assert state == CreditState(
        [(LOT, 70)], card.id, terms={LOT: LotTerms(card.expires_at, restricted=False)}
    )
    lots = domain.read(credit.read, domain.store.id, KELLY).lots
    assert lots == [Lot(LOT, 70, 70, card.expires_at, restricted=False)]


def test_a_card_without_credit_is_redeemed_without_a_lot(domain: DomainFixture) -> None:
    card = domain.grant(credit=5).id
    change(domain, giftcards.adjust, card, -5, "spent")
    done = change(domain, redemption.redeem, KELLY, card, new_id())
    assert (done.card.card.redeemed, done.card.entry.delta, done.credit) == (True, 0, None)
    assert account(domain) == []


def test_credits_changes(domain: DomainFixture) -> None:
    end = domain.now + 9 * SECOND
    put = change(domain, credit.deposit, TO_KELLY, Change(60, "prize", "hunt"), LOT, expires_at=end)
    lot = Lot(LOT, 60, 60, end, restricted=False)
    assert (put.id, put.amount, put.credit) == (LOT, 60, Credit(60, 0, [lot]))
    spent = change(domain, credit.spend, TO_KELLY, Change(50, "order", "7"), SPEND)
    assert (spent.id, spent.amount, spent.credit.total) == (SPEND, 50, 10)
    domain.now = end  # the lot is over: what is given back to it is over too
    back = change(domain, credit.refund, TO_KELLY, SPEND, Change(20, "sorry", "7"))
    assert (back.id, back.amount, back.credit) == (SPEND, 20, Credit(0, 0, []))
    entries = account(domain)
    assert [entry.kind for entry in entries] == [
        "credit_deposited", "credit_spent", "credit_expired", "credit_refunded", "credit_expired",
    ]  # fmt: skip
    assert [put.entry, spent.entry, back.entry] == [entries[0], entries[1], entries[3]]
    assert [entry.state for entry in entries[:2]] == [
        f'{{"lots":[["{LOT}",60]],"reference":"hunt","terms":{{"{LOT}":[{end},false]}}}}',
        f'{{"lots":[["{LOT}",-50]],"reference":"7","spend":"{SPEND}"}}',
    ]


def test_credit_of_nobody(domain: DomainFixture) -> None:
    nobody = Identifier(username="nobody.known")
    assert domain.read(credit.read_of, domain.store.id, TO_KELLY) == Credit(0, 0, [])
    with pytest.raises(ResidentNotFound):
        domain.read(credit.read_of, domain.store.id, nobody)
    for operation, args in (
        (credit.deposit, (Change(1), new_id())),
        (credit.spend, (Change(1), new_id())),
        (credit.refund, (new_id(), Change(1))),
    ):
        with pytest.raises(ResidentNotFound):
            change(domain, operation, nobody, *args)
    assert domain.sql("SELECT count(*) FROM customers") == [(0,)]


def test_a_refused_deposit_names_the_field_as_the_domain_does(domain: DomainFixture) -> None:
    with pytest.raises(ValidationFailed) as refused:
        change(domain, credit.deposit, TO_KELLY, Change(1), new_id(), expires_at=domain.now)
    assert list(refused.value.errors) == ["expires_at"]
    assert domain.sql("SELECT count(*) FROM customers") == [(0,)]


def test_a_card_with_its_entries(domain: DomainFixture) -> None:
    card = domain.grant().id
    change(domain, giftcards.disable, card)
    found = domain.read(giftcards.read_with_entries, domain.store.id, card)
    assert found == (domain.card(card), 0, domain.entries(card))


def test_cards_with_what_is_held_of_them(domain: DomainFixture, unknown_id: str) -> None:
    plain, held, over = (domain.grant(credit=50).id for _ in range(3))
    domain.write(holds.place, domain.caller, held, new_id(), 20, 1_000)
    domain.write(holds.place, domain.caller, over, new_id(), 20, 1)
    domain.now += 1
    found = domain.read(
        giftcards.read_each_with_held, domain.store.id, [over, unknown_id, held, plain]
    )
    assert [(card.id, reserved) for card, reserved in found] == [(over, 0), (held, 20), (plain, 0)]
    _, reserved, entries = domain.read(giftcards.read_with_entries, domain.store.id, held)
    assert (reserved, entries) == (20, domain.entries(held))
