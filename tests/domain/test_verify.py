"""verify: nothing wrong with a database full of everything; each way of breaking it is found."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, get_args

import asyncpg
import msgspec
import pytest

from gridgift.domain import (
    accounts,
    credit,
    credit_lots,
    credit_moves,
    expiry,
    giftcards,
    holds,
    ledger,
    notes,
    redemption,
    stores,
    transfers,
    verify,
)
from gridgift.domain.accounts import Change
from gridgift.domain.credit_moves import Moving
from gridgift.domain.giftcards import Patch, Replacement
from gridgift.domain.ids import new_id
from gridgift.domain.ledger import entry_hash
from gridgift.domain.locked import CardRequest, change
from gridgift.domain.model import Caller, CardChange, Entry, EntryKind, GiftCard, Labels, Lot
from gridgift.domain.notes import Labelling, noting
from gridgift.domain.residents import Identifier
from gridgift.domain.verify import Added, Counts, Fault
from gridgift.storage.database import Tx
from tests.api import JO, KELLY, OWNER
from tests.domain.fixture import DomainFixture, bare_sql

SECOND = 1_000
TO_KELLY = Identifier(uuid=KELLY.uuid)
TRIGGERS = ("entries_no_update", "entries_no_delete", "entries_no_replace")


class FilledStore:
    """A store in which everything has happened that can happen to money."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        self.plain = self.card(KELLY, 100)
        self.changed = self.card(KELLY, 200, transfer=True)
        self.do(giftcards.update, self.changed, Replacement(150, None, True, True))
        self.do(giftcards.patch, self.changed, Patch(credit=160, active=False))
        self.do(giftcards.patch, self.changed, Patch(active=True))
        self.do(giftcards.adjust, self.changed, -10, "order 7")
        self.do(giftcards.disable, self.card(KELLY, 5))
        self.given = self.card(KELLY, 30, transfer=True)
        self.write(
            transfers.transfer,
            domain.caller,
            KELLY,
            self.given,
            Identifier(uuid=JO.uuid),
        )
        self.lost = self.card(JO, 40)
        self.found = self.reissue(self.lost)
        self.redeemed = self.card(KELLY, 70)
        self.redeem(self.redeemed)
        self.redeem(self.card(KELLY, 50, expires_at=domain.now + SECOND))
        self.hold_some()
        self.spend = self.spend_some()
        self.label_some()
        domain.now += 2 * SECOND
        self.expired = self.card(JO, 9, expires_at=domain.now + 1)
        domain.now += 1
        domain.write(expiry.note_cards, "job", 100)
        domain.write(expiry.note_credit, "job", 100)
        self.write(holds.attest, domain.caller, self.held, self.holds)
        lots = [lot for (lot,) in domain.sql("SELECT CAST(id AS text) FROM credit_lots")]
        self.write(credit.attest, domain.caller, KELLY.uuid, lots)

    def write(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a write."""
        return self.domain.write(operation, *args, **kwargs)

    def do(self, operation: Any, card_id: str, *args: Any) -> GiftCard:
        """Change a card."""
        change: CardChange = self.write(operation, self.domain.caller, card_id, *args)
        return change.card

    def card(self, owner: Any, amount: int, **terms: Any) -> str:
        """Grant a card."""
        return self.domain.grant(owner, amount, **terms).id

    def reissue(self, card_id: str) -> str:
        """Replace a lost card; return the new one's id."""
        new: str = new_id()
        self.write(transfers.reissue, self.domain.caller, card_id, new, "lost")
        return new

    def redeem(self, card_id: str) -> None:
        """Redeem one of Kelly's cards."""
        self.write(redemption.redeem, self.domain.caller, KELLY, card_id, new_id())

    def hold_some(self) -> None:
        """Place holds on a card.

        One stays and is extended, one is taken, one in part, one freed, one runs out.
        """
        self.held = self.card(JO, 100)
        caller = self.domain.caller
        self.holds = [new_id() for _ in range(5)]
        for hold_id, end in zip(self.holds, (3600, 3600, 3600, 1, 3600), strict=True):
            self.write(holds.place, caller, self.held, hold_id, 20, end * SECOND)
        self.write(holds.capture, caller, self.held, self.holds[1])
        self.write(holds.void, caller, self.held, self.holds[2])
        self.write(holds.capture, caller, self.held, self.holds[4], 5)
        self.domain.now += 1
        self.write(holds.extend, caller, self.held, self.holds[0], 7200 * SECOND)

    def label_some(self) -> None:
        """Grant a card under a reference, note something on it, and label it and others."""
        caller, said = self.domain.caller, Labels.of("order 7", ["vip", "hunt"], {"a": "b"})
        self.labelled = self.card(JO, 25, labels=said)
        self.write(change, CardRequest(caller, self.labelled, noting("asked for it")))
        self.write(notes.label, caller, self.labelled, Labelling(tags=("hunt", "new")))
        self.write(notes.label, caller, self.redeemed, Labelling(reference="order 8"))
        self.write(notes.label, caller, self.given, Labelling(metadata={"a": "c"}))
        self.write(notes.label, caller, self.given, Labelling(metadata={}))

    def spend_some(self) -> str:
        """Deposit, spend and refund for Kelly; return the spend's id."""
        caller, now = self.domain.caller, self.domain.now
        for amount, date, restricted in ((60, now + 9 * SECOND, True), (80, None, False)):
            self.write(
                credit.deposit, caller, TO_KELLY, Change(amount), new_id(),
                expires_at=date, restricted=restricted,
            )  # fmt: skip
        lots = self.domain.sql("SELECT CAST(id AS text) FROM credit_lots WHERE restricted")
        self.write(credit_lots.extend, caller, TO_KELLY, lots[0][0], now + 10 * SECOND)
        spend = new_id()
        self.write(credit.spend, caller, TO_KELLY, Change(90), spend)
        self.write(credit.refund, caller, TO_KELLY, spend, Change(60))
        self.move, jo, to = new_id(), Identifier(uuid=JO.uuid), Identifier(uuid=OWNER.uuid)
        self.write(credit.deposit, caller, jo, Change(40), new_id())
        self.write(credit_moves.move, caller, jo, to, Moving(35), self.move)
        return spend

    def chain(self, card_id: str) -> list[Entry]:
        """Read a card's chain."""
        return self.domain.entries(card_id)

    def credit_chain(self, resident_uuid: str) -> list[Entry]:
        """Read the chain of an account of store credit."""
        store_id = self.domain.store.id
        found: list[Entry] = self.domain.read(ledger.entries, store_id, "credit", resident_uuid)
        return found

    def faults(self) -> list[Fault]:
        """Verify."""
        return faults_of(self.domain)

    def tamper(self, *statements: str) -> None:
        """Run statements as someone who has the database's own rights, past all its guards."""
        path = self.domain.settings.sqlite_path
        if path is None:
            self.domain.run(tamper_postgres(self.domain.settings.database_url, statements))
            return
        with closing(sqlite3.connect(path)) as raw, raw:
            for trigger in TRIGGERS:
                raw.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                raw.execute(statement)


async def tamper_postgres(url: str, statements: tuple[str, ...]) -> None:
    """Run statements without triggers and foreign keys."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def faults_of(domain: DomainFixture) -> list[Fault]:
    """Verify everything; the number of faults reported is the number returned."""
    found: list[Fault] = []
    seen: list[int] = []
    number = domain.run(domain.database.snapshot(verify.verify, found.append, seen.append))
    counts: Counts = domain.read(verify.count)
    assert number == len(found)
    assert sum(seen) == counts.cards + counts.customers
    return found


@pytest.fixture
def filled(domain: DomainFixture) -> FilledStore:
    """A database full of everything, for this test alone."""
    return FilledStore(domain)


def entry_where(card_id: str, seq: int) -> str:
    return f"WHERE account_id = '{card_id}' AND seq = {seq}"


def of_card(card_id: str) -> str:
    return f"WHERE id = '{card_id}'"


def replace(entry: Entry, **fields: Any) -> str:
    """Write an entry anew, with its own hash made to fit."""
    forged = msgspec.structs.replace(entry, **fields)
    values = ", ".join(f"{name} = {literal(value)}" for name, value in fields.items())
    digest = entry_hash(forged).hex()
    where = entry_where(entry.account_id, entry.seq)
    return f"UPDATE entries SET {values}, hash = X'{digest}' {where}"


def literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else f"'{value}'"


def swapped(card_id: str) -> list[str]:
    """Exchange the numbers of two entries."""
    return [
        f"UPDATE entries SET seq = {to} {entry_where(card_id, seq)}"
        for seq, to in ((2, 999), (3, 2), (999, 3))
    ]


def copied(table: str, where: str, columns: dict[str, str]) -> str:
    """Write an INSERT that copies rows with some columns changed; ``*`` names the table's."""
    names = {
        "credit_lots": "store_id resident_uuid id amount remaining expires_at restricted "
        "created_at",
        "entries": "store_id account_kind account_id seq kind delta balance_after state "
        "actor_kind actor_id reason request_id created_at previous_hash hash",
    }[table].split()
    values = ", ".join(columns.get(name, name) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} {where}"


KELLYS = f"account_kind = 'credit' AND account_id = '{KELLY.uuid}'"

# what is done behind the ledger's back, and a part of what verify says of it
BREAKS: dict[str, tuple[Callable[[FilledStore], list[str]], str]] = {
    "a changed balance": (
        lambda s: [f"UPDATE gift_cards SET credit = credit + 1 {of_card(s.plain)}"],
        "the card has credit 101, its entries say 100",
    ),
    "a changed entry": (
        lambda s: [f"UPDATE entries SET reason = 'other' {entry_where(s.changed, 2)}"],
        "entry 2 was changed",
    ),
    "a changed balance in an entry": (
        lambda s: [f"UPDATE entries SET balance_after = 7 {entry_where(s.changed, 2)}"],
        "entry 2 has L$ 7 after",
    ),
    "an entry replaced by one with a fitting hash": (
        lambda s: [replace(s.chain(s.changed)[1], reason="forged")],
        "entry 3 does not follow",
    ),
    "the last entry removed": (
        lambda s: [f"DELETE FROM entries {entry_where(s.changed, len(s.chain(s.changed)))}"],
        "the card has version 5, its entries say 4",
    ),
    "the first entry removed": (
        lambda s: [f"DELETE FROM entries {entry_where(s.changed, 1)}"],
        "entry 1 is missing",
    ),
    "a middle entry removed": (
        lambda s: [f"DELETE FROM entries {entry_where(s.changed, 3)}"],
        "entry 3 is missing",
    ),
    "a middle entry removed, the others renumbered": (
        lambda s: [
            f"DELETE FROM entries {entry_where(s.changed, 3)}",
            *(
                f"UPDATE entries SET seq = {seq - 1} {entry_where(s.changed, seq)}"
                for seq in range(4, len(s.chain(s.changed)) + 1)
            ),
        ],
        "entry 3 does not follow",
    ),
    "all entries removed": (
        lambda s: [f"DELETE FROM entries WHERE account_id = '{s.plain}'"],
        "the card has version 1, its entries say 0",
    ),
    "two entries swapped": (lambda s: swapped(s.changed), "does not follow"),
    "a lot that does not add up": (
        lambda s: ["UPDATE credit_lots SET remaining = remaining - 1 WHERE remaining = 60"],
        "has remaining 59, its entries say 60",
    ),
    "two lots that differ by the same": (
        lambda s: [
            "UPDATE credit_lots SET remaining = remaining - 1 WHERE remaining = 60",
            "UPDATE credit_lots SET remaining = remaining + 1 WHERE amount = 50",
        ],
        "has remaining 59, its entries say 60",
    ),
    "a lot that began with more": (
        lambda s: ["UPDATE credit_lots SET amount = amount + 5 WHERE amount = 60"],
        "has amount 65, its entries say 60",
    ),
    "a lot from nowhere": (
        lambda s: [
            copied("credit_lots", "WHERE amount = 60", {"id": f"CAST('{new_id()}' AS uuid)"})
        ],
        "is in no entry",
    ),
    "a removed lot": (
        lambda s: ["DELETE FROM credit_lots WHERE amount = 60"],
        "is in the ledger and nowhere else",
    ),
    "a removed card": (
        lambda s: [f"DELETE FROM gift_cards {of_card(s.plain)}"],
        "a card that is not there",
    ),
    "a removed customer": (
        lambda s: [f"DELETE FROM customers WHERE resident_uuid = '{KELLY.uuid}'"],
        "a customer who is not there",
    ),
    "a removed customer with an emptied ledger": (
        lambda s: [
            f"DELETE FROM customers WHERE resident_uuid = '{KELLY.uuid}'",
            f"DELETE FROM entries WHERE {KELLYS}",
        ],
        "a customer who is not there",
    ),
    "a changed spend": (
        lambda s: ["UPDATE credit_spends SET amount = amount + 1"],
        "has amount 91, its entries say 90",
    ),
    "a changed refund": (
        lambda s: ["UPDATE credit_spends SET refunded = refunded - 1"],
        "has refunded 59, its entries say 60",
    ),
    "a changed part of a spend": (
        lambda s: ["UPDATE credit_spend_lots SET taken = taken + 1 WHERE position = 0"],
        "are not those that its entries took",
    ),
    "a removed spend": (
        lambda s: ["DELETE FROM credit_spend_lots", "DELETE FROM credit_spends"],
        "is in the ledger and nowhere else",
    ),
    "a redemption that never reached the credit": (
        lambda s: [f"DELETE FROM entries WHERE {KELLYS}"],
        "L$ 70 left the card by redemption, L$ 0 entered store credit",
    ),
    "a card that seems never redeemed": (
        lambda s: [
            f"DELETE FROM entries {entry_where(s.redeemed, 2)}",
            f"UPDATE gift_cards SET credit = 70, redeemed = FALSE, version = 1 "
            f"{of_card(s.redeemed)}",
        ],
        "L$ 0 left the card by redemption, L$ 70 entered store credit",
    ),
    "a changed hold": (
        lambda s: [f"UPDATE holds SET state = 'voided' WHERE id = '{s.holds[0]}'"],
        "has state voided, its entries say open",
    ),
    "a hold whose extension is taken back": (
        lambda s: [f"UPDATE holds SET expires_at = expires_at - 1 WHERE id = '{s.holds[0]}'"],
        "has expires_at",
    ),
    "a hold that took less": (
        lambda s: [f"UPDATE holds SET amount = 1 WHERE id = '{s.holds[1]}'"],
        "has amount 1, its entries say 20",
    ),
    "a capture that took more": (
        lambda s: [f"UPDATE holds SET captured = NULL WHERE id = '{s.holds[4]}'"],
        "has captured 20, its entries say 5",
    ),
    "a hold of more than there is": (
        lambda s: [f"UPDATE holds SET amount = 500 WHERE id = '{s.holds[0]}'"],
        "holds reserve L$ 500 of L$ 75",
    ),
    "a removed hold": (
        lambda s: [f"DELETE FROM holds WHERE id = '{s.holds[3]}'"],
        "is in the ledger and nowhere else",
    ),
    "an account's number of entries": (
        lambda s: [f"UPDATE customers SET version = 99 WHERE resident_uuid = '{KELLY.uuid}'"],
        "the account has version 99, its entries say",
    ),
    "a state that can't be read": (
        lambda s: [f"UPDATE entries SET state = '[5' {entry_where(s.plain, 1)}"],
        "an entry's state can't be read",
    ),
    "a state of another sort": (
        lambda s: [f"""UPDATE entries SET state = '{{"lots": 5}}' WHERE {KELLYS}"""],
        "an entry's state can't be read",
    ),
}
CARD_FIELDS = {
    "owner_uuid": f"'{JO.uuid}'",
    "active": "FALSE",
    "redeemed": "TRUE",
    "transfer": "TRUE",
    "texture": f"'{JO.uuid}'",
    "purchased": "TRUE",
    "expires_at": "5",
}
ENTRY_FIELDS = {
    "kind": "'imported'",
    "delta": "delta + 1",
    "balance_after": "balance_after + 1",
    "state": "'{}'",
    "actor_kind": "'system'",
    "actor_id": "'someone else'",
    "reason": "'other'",
    "request_id": "'other'",
    "created_at": "created_at + 1",
}


@pytest.mark.contract("10.64")
def test_a_database_full_of_everything_is_clean(filled: FilledStore) -> None:
    kinds = {row[0] for row in filled.domain.sql("SELECT DISTINCT kind FROM entries")}
    assert kinds == set(get_args(EntryKind)) - {"imported"}
    assert filled.faults() == []


@pytest.mark.contract("10.64")
@pytest.mark.parametrize("name", BREAKS)
def test_finds(filled: FilledStore, name: str) -> None:
    statements, said = BREAKS[name]
    broken = statements(filled)
    if filled.domain.engine == "sqlite":
        broken = [statement.replace("AS uuid)", "AS text)") for statement in broken]
    else:
        broken = [statement.replace("hash = X'", "hash = '\\x") for statement in broken]
    filled.tamper(*broken)
    found = filled.faults()
    assert any(said in fault.what for fault in found), found
    assert all(fault.store_id == filled.domain.store.id for fault in found)


def test_names_the_account(filled: FilledStore) -> None:
    filled.tamper(f"UPDATE gift_cards SET credit = 1 {of_card(filled.plain)}")
    (fault,) = filled.faults()
    assert (fault.account_kind, fault.account_id) == ("card", filled.plain)


@pytest.mark.parametrize("field", CARD_FIELDS)
def test_finds_a_changed_field_of_a_card(filled: FilledStore, field: str) -> None:
    filled.tamper(f"UPDATE gift_cards SET {field} = {CARD_FIELDS[field]} {of_card(filled.plain)}")
    (fault,) = filled.faults()
    assert fault.what.startswith(f"the card has {field} ")
    assert fault.account_id == filled.plain


@pytest.mark.parametrize(
    ("field", "seq"), [*((field, 3) for field in ENTRY_FIELDS), ("reason", 1), ("reason", 5)]
)
def test_finds_a_change_anywhere_in_an_entry(filled: FilledStore, field: str, seq: int) -> None:
    assert len(filled.chain(filled.changed)) == 5
    where = entry_where(filled.changed, seq)
    filled.tamper(f"UPDATE entries SET {field} = {ENTRY_FIELDS[field]} {where}")
    found = filled.faults()
    assert f"entry {seq} was changed: its hash does not fit" in {fault.what for fault in found}
    assert {fault.account_id for fault in found} == {filled.changed}


def test_finds_a_doubled_redemption(filled: FilledStore) -> None:
    """Someone runs the deposit of a redemption a second time, in the proper way."""
    lot = Lot(new_id(), 70, 70, None, restricted=False)

    async def deposit(tx: Tx) -> None:
        account = await accounts.lock(tx, filled.domain.store.id, KELLY.uuid)
        change = Change(lot.amount, reference=filled.redeemed)
        credit.add_lot(account, filled.domain.caller, lot, "credit_redeemed", change)
        await accounts.save_each(tx, [account])

    filled.write(deposit)
    (fault,) = filled.faults()
    assert fault.account_id == filled.redeemed
    assert fault.what == "L$ 70 left the card by redemption, L$ 140 entered store credit"


def test_finds_a_reissue_that_made_money(filled: FilledStore) -> None:
    old = filled.card(KELLY, 10)
    new = filled.reissue(old)
    (entry,) = filled.chain(new)
    (zeroed,) = [e for e in filled.chain(old) if e.kind == "reissued"]
    forged = replace(entry, delta=11, balance_after=11)
    if filled.domain.engine == "postgres":
        forged = forged.replace("hash = X'", "hash = '\\x")
    assert zeroed.delta == -10
    head = f"(SELECT hash FROM entries WHERE account_id = '{new}')"
    filled.tamper(forged, f"UPDATE gift_cards SET credit = 11, head = {head} {of_card(new)}")
    (fault,) = filled.faults()
    assert fault.what == "reissued cards gained L$ 1 in sum"


def test_finds_a_move_that_made_money(filled: FilledStore) -> None:
    """Each of the two accounts is right by itself."""
    (entry,) = filled.credit_chain(OWNER.uuid)
    (lot_id, amount), *_ = msgspec.json.decode(entry.state)["lots"]
    state = entry.state.replace(f'["{lot_id}",{amount}]', f'["{lot_id}",{amount + 1}]')
    forged = replace(
        entry, state=state, delta=entry.delta + 1, balance_after=entry.balance_after + 1
    )
    if filled.domain.engine == "postgres":
        forged = forged.replace("hash = X'", "hash = '\\x")
    more = "amount = amount + 1, remaining = remaining + 1"
    filled.tamper(
        forged,
        f"UPDATE credit_lots SET {more} WHERE id = '{lot_id}'",
        f"UPDATE customers SET balance = balance + 1 WHERE resident_uuid = '{OWNER.uuid}'",
    )
    (fault,) = filled.faults()
    assert (fault.account_kind, fault.account_id) == ("credit", JO.uuid)
    assert fault.what == (
        f"the move {filled.move} to {OWNER.uuid} does not add up: L$ +1 are left over"
    )


def test_walks_page_by_page(filled: FilledStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PAGE", 2)
    assert filled.faults() == []
    filled.tamper(
        f"DELETE FROM gift_cards {of_card(filled.expired)}",
        f"UPDATE gift_cards SET credit = 1 {of_card(filled.plain)}",
    )
    assert {fault.account_id for fault in filled.faults()} == {filled.expired, filled.plain}


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_walks_customers_page_by_page(
    domain: DomainFixture, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(verify, "PAGE", page)
    customers = [domain.newcomer() for _ in range(5)]
    gift = Change(9, "gift", "order 7")
    for customer in customers:
        identifier = Identifier(uuid=customer.uuid)
        domain.write(credit.deposit, domain.caller, identifier, gift, new_id())
    counted: list[int] = []
    assert domain.read(verify.verify, lambda fault: None, counted.append) == 0
    assert sum(counted) == len(customers)
    for customer in customers:
        domain.sql(f"UPDATE credit_lots SET remaining = 8 WHERE resident_uuid = '{customer.uuid}'")
    found = {(fault.account_kind, fault.account_id) for fault in faults_of(domain)}
    assert found == {("credit", customer.uuid) for customer in customers}


def test_each_store_is_looked_at(domain: DomainFixture) -> None:
    first = FilledStore(domain).plain
    other = domain.write(stores.create, stores.NewStore("Elsewhere", OWNER), new_id())
    domain.caller = Caller(other.id, "key", new_id(), "request-2")
    second = domain.grant(KELLY, 5).id
    assert faults_of(domain) == []
    domain.sql(f"UPDATE gift_cards SET credit = 1 WHERE id IN ('{first}', '{second}')")
    found = {(fault.store_id, fault.account_id) for fault in faults_of(domain)}
    assert found == {(domain.store.id, first), (other.id, second)}


def test_what_is_added_up_is_each_stores_own(filled: FilledStore) -> None:
    """By the entries alone: a row that says otherwise is a fault of its store, and in no sum."""
    domain = filled.domain
    other = domain.write(stores.create, stores.NewStore("Elsewhere", KELLY), new_id())
    counts: Counts = domain.read(verify.count)
    sums = {"gift_cards": "credit", "credit_lots": "remaining"}
    held = {
        table: domain.run(
            bare_sql(domain.settings.database_url, f"SELECT SUM({column}) FROM {table}")
        )
        for table, column in sums.items()
    }
    filled.tamper(f"UPDATE gift_cards SET credit = credit + 1 {of_card(filled.plain)}")
    added: list[Added] = []
    assert domain.read(verify.verify, lambda _: None, lambda _: None, lambda _: None, added.append)
    mine = {each.store_id: each for each in added}
    assert mine.pop(other.id) == Added(other.id)
    assert mine == {
        domain.store.id: Added(
            domain.store.id, counts.cards, held["gift_cards"][0][0], counts.customers,
            held["credit_lots"][0][0], 1,
        )
    }  # fmt: skip
