"""Cards, holds and credit against a plain model, in any order, at any instant, on both engines."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from msgspec import UNSET

from gridgift.domain import (
    credit,
    credit_lots,
    expiry,
    failures,
    giftcards,
    grants,
    holds,
    ledger,
    redemption,
    stores,
    transfers,
    verify,
)
from gridgift.domain.accounts import Change
from gridgift.domain.credit import CreditChange
from gridgift.domain.failures import Failure
from gridgift.domain.giftcards import Patch, Replacement, Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.holds import HoldChange
from gridgift.domain.ids import new_id
from gridgift.domain.model import MAX_CREDIT, Caller, CardChange, GiftCard, Resident
from gridgift.domain.redemption import Redemption
from gridgift.domain.residents import Identifier
from gridgift.domain.transfers import Reissue
from gridgift.domain.verify import Fault
from gridgift.storage.database import Row, Tx
from tests.api import JO, KELLY, OWNER, START
from tests.domain.fixture import DomainFixture
from tests.domain.money_model import ModelAccount, ModelCard, ModelHold

PEOPLE = {resident.uuid: resident for resident in (KELLY, JO)}
TEXTURE = "5748decc-f629-461c-9a36-a35a221fe21f"
EFFORT = settings(
    max_examples=40,
    stateful_step_count=50,
    database=None,
    suppress_health_check=list(HealthCheck),
)
ROUNDS = 4  # at most: what is drawn is random, and may miss one of the ends in a round

people = st.sampled_from(sorted(PEOPLE))
amounts = st.integers(1, 40).map(lambda n: n if n < 40 else MAX_CREDIT - 20)
grid = st.integers(1, 12).map(lambda seconds: START + seconds * 1000)  # so that dates meet
dates = st.one_of(st.none(), grid)
uuids = st.sampled_from([None, TEXTURE])
# when something happens: now, or 1 ms before, at, or 1 ms after an end that matters to it
moments = st.sampled_from([None, None, -1, 0, 0, 1])
UNKNOWN = ("0190a7b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b", "0190a7b2-3c4d-7e5f-8a6b-7c8d9e0f1a2c")
unknown = st.sampled_from(UNKNOWN)  # ids that nothing has


def changes_of(result: Any) -> list[CardChange | CreditChange]:
    """Return the changes that an operation's result is made of."""
    if isinstance(result, HoldChange):
        return [result.change]
    if isinstance(result, Redemption):
        return [result.card]
    if isinstance(result, Reissue):
        return [result.old, result.new]
    return [] if result is None else [result]


class OneStore:
    """A transaction in which there is only one store, for verify to look at."""

    def __init__(self, tx: Tx, store_id: str) -> None:
        self._tx = tx
        self._store_id = store_id
        self.one = tx.one
        self.run = tx.run
        self.now = tx.now

    async def all(self, query: str, /, **values: Any) -> Sequence[Row]:
        """Return all rows."""
        rows = await self._tx.all(query, **values)
        return [row for row in rows if query != "stores_verified" or row[0] == self._store_id]


async def faults_of(tx: Tx, store_id: str) -> list[Fault]:
    """Verify one store."""
    found: list[Fault] = []
    await verify.verify(OneStore(tx, store_id), found.append, lambda seen: None)
    return found


class MoneyMachine(RuleBasedStateMachine):
    """Each run has a store of its own, two customers and a clock that moves to any instant."""

    domain: ClassVar[DomainFixture]
    reached: ClassVar[set[tuple[str, str]]]  # operations, and how they were refused for UNKNOWN ids
    to_reach: ClassVar[set[tuple[str, str]]]

    @property
    def now(self) -> int:
        """The database's clock, in milliseconds."""
        return self.domain.now

    @now.setter
    def now(self, instant: int) -> None:
        self.domain.now, self.result = instant, None  # what was held then may not be any more

    def open_store(self) -> None:
        self.domain.now = START
        store = stores.NewStore("Moonwall", OWNER)
        self.store_id = self.domain.write(stores.create, store, new_id()).id
        self.caller = Caller(self.store_id, "key", new_id(), "request-1")
        self.model: dict[str, ModelCard] = {}
        self.accounts = {uuid: ModelAccount() for uuid in PEOPLE}
        self.result: Any = None

    def do(self, refusal: type[Failure] | None, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a write that must end as the model says."""
        if refusal is None:
            self.result = self.domain.write(operation, *args, **kwargs)
            return self.result
        if not {arg for arg in args if isinstance(arg, str)}.isdisjoint(UNKNOWN):
            self.reached.add((operation.__name__, refusal.code))
        with pytest.raises(Failure) as raised:
            self.domain.write(operation, *args, **kwargs)
        assert type(raised.value) is refusal
        return raised.value

    async def check_result(self, tx: Tx) -> None:
        """Compare what the last operation returned with what it left in the database."""
        result, self.result = self.result, None
        for change in changes_of(result):
            await self.check_change(tx, change)
        if isinstance(result, Redemption) and result.credit is not None:
            uuid = result.credit.account_id
            entries = await ledger.entries(tx, self.store_id, "credit", uuid)
            assert result.credit == entries[-1]

    async def check_change(self, tx: Tx, change: CardChange | CreditChange) -> None:
        """Compare what is said to be after a change of a card or an account with what is."""
        if isinstance(change, CardChange):
            shown = await giftcards.read_with_held(tx, self.store_id, change.card.id)
            assert (change.card, change.held) == shown
            entries = await ledger.entries(tx, self.store_id, "card", change.card.id)
            assert change.entry in {None, entries[-1]}
            assert change.entry is None or change.entry.seq == change.card.version
        else:
            resident = PEOPLE[change.entry.account_id]
            assert change.credit == await credit.read(tx, self.store_id, resident)
            entries = await ledger.entries(tx, self.store_id, "credit", resident.uuid)
            assert change.entry in [e for e in entries if e.kind != "credit_expired"][-1:]

    def instants(self) -> Iterator[int]:
        """Go through all instants at which something ends by the clock."""
        for card in self.model.values():
            yield from (hold.expires_at for hold in card.holds.values())
            if card.expires_at is not None:
                yield card.expires_at
        for account in self.accounts.values():
            yield from (lot.expires_at for lot in account.lots if lot.expires_at is not None)

    @rule(index=st.integers(0, 99), offset=st.sampled_from([-1, 0, 0, 1]))
    def time_passes_to_an_end(self, index: int, offset: int) -> None:
        ahead = sorted(instant for instant in set(self.instants()) if instant > self.now)
        if ahead:
            self.now = max(self.now, ahead[index % len(ahead)] + offset)

    def approach(self, ends: Iterable[int | None], moment: int | None) -> None:
        """Let time pass to (just before, just after) the first of some ends, if it is ahead."""
        ahead = [end + (moment or 0) for end in ends if end is not None]
        ahead = [instant for instant in ahead if instant > self.now]
        if moment is not None and ahead:
            self.now = min(ahead)

    def ends_of(self, card: ModelCard | None) -> list[int | None]:
        """Return when a card and its holds end."""
        if card is None:
            return []
        return [card.expires_at, *(hold.expires_at for hold in card.holds.values())]

    @rule(milliseconds=st.integers(1, 1500))
    def time_passes(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule()
    def the_job_runs(self) -> None:
        self.domain.write(expiry.note_cards, "job", 1_000)
        self.domain.write(expiry.note_credit, "job", 1_000)
        for card in self.model.values():
            if card.expired(self.now) and not card.redeemed and not card.noted:
                card.noted = True
                card.kinds.append("expired")
        for account in self.accounts.values():
            account.settle(self.now)

    @invariant()
    def everything_is_as_in_the_model(self) -> None:
        self.domain.read(self.compare)

    async def compare(self, tx: Tx) -> None:
        """Compare every card and account, and verify the store."""
        await self.check_result(tx)
        for card_id, card in self.model.items():
            real, held = await giftcards.read_with_held(tx, self.store_id, card_id)
            assert fields(real) == fields(card)
            assert held == card.held(self.now) <= card.credit
            entries = await ledger.entries(tx, self.store_id, "card", card_id)
            assert [entry.kind for entry in entries] == card.kinds
        for uuid, account in self.accounts.items():
            shown = await credit.read(tx, self.store_id, PEOPLE[uuid])
            lots = account.open_lots(self.now)
            assert shown.total == sum(lot.remaining for lot in lots if not lot.restricted)
            assert shown.restricted == sum(lot.remaining for lot in lots if lot.restricted)
            assert [(lot.remaining, lot.expires_at, lot.restricted) for lot in shown.lots] == [
                (lot.remaining, lot.expires_at, lot.restricted)
                for lot in lots
                if lot.expires_at is not None
            ]
            entries = await ledger.entries(tx, self.store_id, "credit", uuid)
            assert [entry.kind for entry in entries] == account.kinds
        assert await faults_of(tx, self.store_id) == []


class CardMachine(MoneyMachine):
    """Cards and their holds, up to redemption."""

    cards: Bundle[str] = Bundle("cards")
    any_card = st.one_of(cards, cards, cards, cards, unknown)
    to_reach: ClassVar = {
        *((operation, "gift_card_not_found") for operation in (
            "update", "patch", "adjust", "disable", "redeem", "transfer", "reissue", "place",
            "capture", "void",
        )),
        ("capture", "hold_not_found"), ("void", "hold_not_found"),
    }  # fmt: skip

    @initialize(target=cards)
    def have_cards(self) -> Any:
        self.open_store()
        dates = (START + 1000, START + 3000, None, None)
        given = [self.grant(KELLY.uuid, 30, True, date) for date in dates]
        return multiple(*given)

    @rule(
        target=cards,
        owner=people,
        amount=amounts,
        transfer=st.booleans(),
        expires_at=st.one_of(st.just(UNSET), dates),
    )
    def grant(self, owner: str, amount: int, transfer: bool, expires_at: Any) -> Any:
        date = None if expires_at is UNSET else expires_at
        over = date is not None and date <= self.now
        terms = Terms(amount, transfer=transfer, expires_at=expires_at)
        card_id = new_id()
        self.do(
            failures.ValidationFailed if over else None,
            grants.grant, GrantRequest(self.caller, Identifier(uuid=owner), terms, card_id),
        )  # fmt: skip
        if not over:
            self.model[card_id] = ModelCard(owner, amount, transfer, date, kinds=["granted"])
        return multiple() if over else card_id

    def known(self, card_id: str) -> ModelCard | None:
        """Return the model of a card; None: it was never granted."""
        return self.model.get(card_id)

    @rule(
        card_id=any_card,
        amount=st.one_of(st.just(0), amounts),
        texture=uuids,
        transfer=st.booleans(),
        active=st.booleans(),
    )
    def update(self, card_id: str, amount: int, texture: Any, transfer: bool, active: bool) -> None:
        card = self.known(card_id)
        refusal: type[Failure] | None = None
        if card is None:
            refusal = failures.GiftCardNotFound
        elif card.redeemed:
            refusal = failures.GiftCardRedeemed
        elif card.held(self.now) and card.credit != amount:
            refusal = failures.GiftCardHeld
        replacement = Replacement(amount, texture, transfer, active)
        self.do(refusal, giftcards.update, self.caller, card_id, replacement)
        if card is not None and refusal is None:
            card.change(credit=amount, texture=texture, transfer=transfer, active=active)

    @rule(
        card_id=any_card,
        wanted=st.fixed_dictionaries(
            {},
            optional={
                "credit": st.one_of(st.just(0), amounts),
                "texture": uuids,
                "transfer": st.booleans(),
                "active": st.booleans(),
                "expires_at": dates,
            },
        ),
    )
    def patch(self, card_id: str, wanted: dict[str, Any]) -> None:
        card = self.known(card_id)
        refusal: type[Failure] | None = None
        if card is None:
            refusal = failures.GiftCardNotFound
        elif card.redeemed:
            refusal = failures.GiftCardRedeemed
        else:
            date = wanted.get("expires_at", card.expires_at)
            if date != card.expires_at and date is not None and date <= self.now:
                refusal = failures.ValidationFailed
            elif wanted.get("credit", card.credit) != card.credit and card.held(self.now):
                refusal = failures.GiftCardHeld
        self.do(refusal, giftcards.patch, self.caller, card_id, Patch(**wanted))
        if card is not None and refusal is None:
            card.change(**wanted)

    @rule(
        card_id=any_card,
        delta=st.one_of(st.integers(-40, 40), st.just(MAX_CREDIT)),
        moment=moments,
    )
    def adjust(self, card_id: str, delta: int, moment: int | None) -> None:
        card = self.known(card_id)
        self.approach(self.ends_of(card), moment)
        refusal: type[Failure] | None = None
        if delta == 0:
            refusal = failures.ValidationFailed
        elif card is None:
            refusal = failures.GiftCardNotFound
        elif card.redeemed:
            refusal = failures.GiftCardRedeemed
        elif card.credit - card.held(self.now) + delta < 0:
            refusal = failures.InsufficientCredit
        elif card.credit + delta > MAX_CREDIT:
            refusal = failures.CreditLimitExceeded
        failure = self.do(refusal, giftcards.adjust, self.caller, card_id, delta, "why")
        if card is not None and refusal is failures.InsufficientCredit:
            assert failure.available == card.credit - card.held(self.now)
        if card is not None and refusal is None:
            card.credit += delta
            card.kinds.append("adjusted")

    @rule(card_id=any_card)
    def disable(self, card_id: str) -> None:
        card = self.known(card_id)
        refusal: type[Failure] | None = None
        if card is None:
            refusal = failures.GiftCardNotFound
        elif card.redeemed:
            refusal = failures.GiftCardRedeemed
        self.do(refusal, giftcards.disable, self.caller, card_id)
        if card is not None and refusal is None:
            card.change(active=False)

    @rule(card_id=any_card, by=st.one_of(st.none(), st.none(), people), moment=moments)
    def redeem(self, card_id: str, by: str | None, moment: int | None) -> None:
        card = self.known(card_id)
        self.approach(self.ends_of(card), moment)
        by = by or (JO.uuid if card is None else card.owner)
        account, lot_id = self.accounts[by], new_id()
        refusal: type[Failure] | None = None
        if card is None or card.owner != by:
            refusal = failures.GiftCardNotFound
        else:
            refusal = card.why_not(self.now)
        if card is not None and refusal is None and card.credit:
            refusal = account.deposit(
                lot_id, card.credit, card.expires_at, False, "credit_redeemed", self.now
            )
        self.do(refusal, redemption.redeem, self.caller, PEOPLE[by], card_id, lot_id)
        if card is not None and refusal is None:
            card.credit, card.redeemed = 0, True
            card.kinds.append("redeemed")

    @rule(card_id=any_card, by=st.one_of(st.none(), people), to=people, moment=moments)
    def transfer(self, card_id: str, by: str | None, to: str, moment: int | None) -> None:
        card = self.known(card_id)
        self.approach(self.ends_of(card), moment)
        refusal: type[Failure] | None = None
        if card is None or by not in {None, card.owner}:
            refusal = failures.GiftCardNotFound
        elif card.owner == to:
            refusal = failures.ReceiverIsOwner
        else:
            refusal = card.why_not(self.now)
            if refusal is None and not card.transfer:
                refusal = failures.GiftCardNotTransferable
        owner: Resident | None = None if by is None else PEOPLE[by]
        self.do(
            refusal,
            transfers.transfer, self.caller, owner, card_id, Identifier(uuid=to),
        )  # fmt: skip
        if card is not None and refusal is None:
            card.owner = to
            card.kinds.append("transferred")

    @rule(target=cards, card_id=any_card, moment=moments)
    def reissue(self, card_id: str, moment: int | None) -> Any:
        card = self.known(card_id)
        self.approach(self.ends_of(card), moment)
        refusal: type[Failure] | None = None
        if card is None:
            refusal = failures.GiftCardNotFound
        elif card.redeemed:
            refusal = failures.GiftCardRedeemed
        elif not card.credit:
            refusal = failures.GiftCardVoid
        elif card.held(self.now):
            refusal = failures.GiftCardHeld
        made = new_id()
        self.do(refusal, transfers.reissue, self.caller, card_id, made, "lost")
        if card is not None and refusal is None:
            self.model[made] = ModelCard(
                card.owner, card.credit, card.transfer, card.expires_at, card.texture,
                kinds=["reissued"],
            )  # fmt: skip
            card.credit, card.active, card.transfer = 0, False, False
            card.kinds.append("reissued")
        return multiple(made) if refusal is None else multiple()

    @rule(
        card_id=any_card,
        amount=st.integers(1, 15),
        lifetime=st.sampled_from([2500, 1000, 1]),
        moment=moments,
    )
    def hold(self, card_id: str, amount: int, lifetime: int, moment: int | None) -> None:
        card = self.known(card_id)
        self.approach(self.ends_of(card), moment)
        refusal: type[Failure] | None = None
        if card is None:
            refusal = failures.GiftCardNotFound
        elif card.redeemed:
            refusal = failures.GiftCardRedeemed
        elif not card.active:
            refusal = failures.GiftCardInactive
        elif card.expired(self.now):
            refusal = failures.GiftCardExpired
        elif amount > card.credit - card.held(self.now):
            refusal = failures.InsufficientCredit
        hold_id, end = new_id(), self.now + lifetime
        self.do(refusal, holds.place, self.caller, card_id, hold_id, amount, lifetime)
        if card is not None and refusal is None:
            card.holds[hold_id] = ModelHold(amount, end)
            card.kinds.append("held")

    @rule(index=st.integers(0, 9), amount=st.integers(1, 9), moment=moments)
    def hold_where_possible(self, index: int, amount: int, moment: int | None) -> None:
        usable = [card_id for card_id, card in self.model.items() if card.usable(self.now)]
        for lifetime in (1000, 2500):
            if usable:
                self.hold(usable[index % len(usable)], amount, lifetime, moment)

    @rule(
        index=st.integers(0, 9),
        captured=st.booleans(),
        amount=st.one_of(st.none(), st.integers(1, 16), st.just(MAX_CREDIT)),
        moment=moments,
    )
    def close(self, index: int, captured: bool, amount: int | None, moment: int | None) -> None:
        known = [
            (id_, card, *pair) for id_, card in self.model.items() for pair in card.holds.items()
        ]
        if not known:
            return
        known.sort(key=lambda which: not which[3].open_at(self.now))
        card_id, card, hold_id, held = known[index % len(known)]
        self.approach([held.expires_at], moment)
        taken = held.amount if amount is None else amount
        refusal: type[Failure] | None = None
        if not held.open_at(self.now):
            refusal = failures.HoldClosed
        elif captured and taken > held.amount:
            refusal = failures.CaptureExceedsHold
        if captured:
            self.do(refusal, holds.capture, self.caller, card_id, hold_id, amount)
        else:
            self.do(refusal, holds.void, self.caller, card_id, hold_id)
        if refusal is None:
            held.state = "captured" if captured else "voided"
            card.credit -= taken if captured else 0
            card.kinds.append(held.state)

    @rule(index=st.integers(0, 9), duration=st.sampled_from([1, 1000, 5000]), moment=moments)
    def extend(self, index: int, duration: int, moment: int | None) -> None:
        known = [
            (id_, card, *pair) for id_, card in self.model.items() for pair in card.holds.items()
        ]
        if not known:
            return
        known.sort(key=lambda which: not which[3].open_at(self.now))
        card_id, card, hold_id, held = known[index % len(known)]
        self.approach([held.expires_at], moment)
        refusal: type[Failure] | None = None
        if not held.open_at(self.now):
            refusal = failures.HoldClosed
        elif not card.active:
            refusal = failures.GiftCardInactive
        elif card.expired(self.now):
            refusal = failures.GiftCardExpired
        elif self.now + duration <= held.expires_at:
            refusal = failures.ValidationFailed
        self.do(refusal, holds.extend, self.caller, card_id, hold_id, duration)
        if refusal is None:
            held.expires_at = self.now + duration
            card.kinds.append("hold_extended")

    @rule(card_id=any_card, hold_id=unknown, captured=st.booleans())
    def close_an_unknown_hold(self, card_id: str, hold_id: str, captured: bool) -> None:
        known = self.known(card_id) is not None
        refusal = failures.HoldNotFound if known else failures.GiftCardNotFound
        operation = holds.capture if captured else holds.void
        self.do(refusal, operation, self.caller, card_id, hold_id)


class CreditMachine(MoneyMachine):
    """Store credit: lots, spends and refunds."""

    spends: Bundle[tuple[str, str]] = Bundle("spends")
    to_reach: ClassVar = {("refund", "spend_not_found"), ("extend", "lot_not_found")}

    @initialize()
    def have_lots(self) -> None:
        self.open_store()
        for date in (START + 1000, START + 2000, None):
            for restricted in (False, True):
                self.deposit(KELLY.uuid, 10, date, restricted)

    @rule(by=people, amount=amounts, expires_at=dates, restricted=st.booleans())
    def deposit(self, by: str, amount: int, expires_at: int | None, restricted: bool) -> None:
        refusal: type[Failure] | None = failures.ValidationFailed
        lot_id = new_id()
        if expires_at is None or expires_at > self.now:
            refusal = self.accounts[by].deposit(
                lot_id, amount, expires_at, restricted, "credit_deposited", self.now
            )
        self.do(
            refusal,
            credit.deposit, self.caller, Identifier(uuid=by), Change(amount), lot_id,
            expires_at=expires_at, restricted=restricted,
        )  # fmt: skip

    @rule(
        target=spends,
        by=people,
        amount=st.integers(1, 25),
        restricted=st.booleans(),
        moment=moments,
    )
    def spend(self, by: str, amount: int, restricted: bool, moment: int | None) -> Any:
        self.approach([lot.expires_at for lot in self.accounts[by].lots], moment)
        spend_id = new_id()
        available = self.accounts[by].spend(spend_id, amount, restricted, self.now)
        failure = self.do(
            None if available is None else failures.InsufficientCredit,
            credit.spend, self.caller, Identifier(uuid=by), Change(amount), spend_id,
            restricted=restricted,
        )  # fmt: skip
        assert available is None or failure.available == available
        return (by, spend_id) if available is None else multiple()

    @rule(by=people, index=st.integers(0, 9), expires_at=dates, moment=moments)
    def extend(self, by: str, index: int, expires_at: int | None, moment: int | None) -> None:
        account = self.accounts[by]
        if not account.lots:
            return
        lots = sorted(account.lots, key=lambda lot: not lot.open_at(self.now))
        lot = lots[index % len(lots)]
        self.approach([lot.expires_at], moment)
        refusal: type[Failure] | None = None
        if not lot.open_at(self.now):
            refusal = failures.LotClosed
        elif lot.expires_at is None or (expires_at is not None and expires_at <= lot.expires_at):
            refusal = failures.ValidationFailed
        self.do(refusal, credit_lots.extend, self.caller, Identifier(uuid=by), lot.id, expires_at)
        if refusal is None:
            account.settle(self.now)
            lot.expires_at = expires_at
            account.kinds.append("credit_extended")

    @rule(by=people, lot_id=unknown)
    def extend_an_unknown_lot(self, by: str, lot_id: str) -> None:
        refusal = failures.LotNotFound
        self.do(refusal, credit_lots.extend, self.caller, Identifier(uuid=by), lot_id, None)

    @rule(by=people, restricted=st.booleans(), target=spends, moment=moments)
    def spend_all(self, by: str, restricted: bool, moment: int | None) -> Any:
        self.approach([lot.expires_at for lot in self.accounts[by].lots], moment)
        lots = self.accounts[by].open_lots(self.now)
        amount = sum(lot.remaining for lot in lots if restricted or not lot.restricted)
        return self.spend(by, max(1, amount), restricted, None)

    @rule(
        which=st.one_of(spends, spends, spends, st.tuples(people, unknown)),
        amount=st.one_of(st.integers(1, 12), st.sampled_from([MAX_CREDIT - 1, MAX_CREDIT])),
        moment=moments,
    )
    def refund(self, which: tuple[str, str], amount: int, moment: int | None) -> None:
        by, spend_id = which
        self.approach([lot.expires_at for lot in self.accounts[by].lots], moment)
        account = self.accounts[by]
        refusal: type[Failure] | None
        if spend_id in account.spends:
            refusal = account.refund(spend_id, amount, self.now)
        else:
            refusal = failures.SpendNotFound
        self.do(
            refusal,
            credit.refund, self.caller, Identifier(uuid=by), spend_id, Change(amount),
        )  # fmt: skip

    @rule(which=spends)
    def refund_the_rest(self, which: tuple[str, str]) -> None:
        spend = self.accounts[which[0]].spends.get(which[1])
        if spend is not None and spend.refunded < spend.amount:
            self.refund(which, spend.amount - spend.refunded, None)


def fields(card: GiftCard | ModelCard) -> tuple[Any, ...]:
    """Return what a card and its model have in common."""
    owner = card.owner_uuid if isinstance(card, GiftCard) else card.owner
    return (
        owner, card.credit, card.active, card.redeemed, card.transfer, card.texture,
        card.expires_at,
    )  # fmt: skip


@pytest.mark.parametrize("machine", [CardMachine, CreditMachine])
def test_money_in_any_order(domain: DomainFixture, machine: type[MoneyMachine]) -> None:
    bound = type(machine.__name__, (machine,), {"domain": domain, "reached": set()})
    for _ in range(ROUNDS):
        run_state_machine_as_test(bound, settings=EFFORT)
        if bound.reached >= machine.to_reach:
            break
    assert bound.reached >= machine.to_reach, machine.to_reach - bound.reached
