"""The ledger: an entry's hash covers all of it, and nothing takes an entry back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import giftcards
from gridgift.domain.giftcards import Replacement
from gridgift.domain.ids import new_id
from gridgift.domain.ledger import NO_HASH, entry_hash
from gridgift.domain.model import Entry
from tests.domain.fixture import DomainFixture

HASHED = [name for name in Entry.__struct_fields__ if name != "hash"]

texts = st.text(max_size=12)
digests = st.binary(min_size=32, max_size=32)
fields: dict[str, st.SearchStrategy[Any]] = {
    "store_id": st.uuids().map(str),
    "account_kind": st.sampled_from(["card", "credit"]),
    "account_id": st.uuids().map(str),
    "seq": st.integers(1, 2**31),
    "kind": st.sampled_from(["granted", "updated", "enabled", "disabled"]),
    "delta": st.integers(-(2**31), 2**31),
    "balance_after": st.integers(0, 2**31),
    "state": texts,
    "actor_kind": st.sampled_from(["key", "operator", "system"]),
    "actor_id": texts,
    "reason": texts,
    "request_id": texts,
    "created_at": st.integers(0, 2**45),
    "previous_hash": digests,
    "hash": digests,
}
entries = st.builds(Entry, **fields)


def test_every_field_is_drawn() -> None:
    assert set(fields) == set(Entry.__struct_fields__)


@settings(max_examples=30)
@given(entry=entries, data=st.data())
def test_changing_any_field_changes_the_hash(entry: Entry, data: st.DataObject) -> None:
    for name in HASHED:
        other = data.draw(fields[name].filter(lambda value, n=name: value != getattr(entry, n)))
        assert entry_hash(msgspec.structs.replace(entry, **{name: other})) != entry_hash(entry)


@given(entry=entries, data=st.data())
def test_text_that_moves_to_the_next_field_changes_the_hash(
    entry: Entry, data: st.DataObject
) -> None:
    text = data.draw(st.text(min_size=1, max_size=8))
    left = msgspec.structs.replace(entry, actor_id=text, reason="")
    right = msgspec.structs.replace(entry, actor_id="", reason=text)
    assert entry_hash(left) != entry_hash(right)


@given(entry=entries, other=digests)
def test_the_hash_does_not_cover_itself(entry: Entry, other: bytes) -> None:
    assert len(entry_hash(entry)) == 32
    assert entry_hash(msgspec.structs.replace(entry, hash=other)) == entry_hash(entry)


def test_an_entry_says_who_and_why_and_when(domain: DomainFixture) -> None:
    card = domain.grant(credit=70, reason="a thank-you")
    (entry,) = domain.entries(card.id)
    assert (entry.store_id, entry.account_kind, entry.account_id) == (
        domain.store.id, "card", card.id,
    )  # fmt: skip
    assert (entry.seq, entry.kind, entry.delta, entry.balance_after) == (1, "granted", 70, 70)
    assert (entry.actor_kind, entry.actor_id) == ("key", domain.caller.actor_id)
    assert (entry.reason, entry.request_id) == ("a thank-you", "request-1")
    assert (entry.created_at, entry.previous_hash) == (domain.now, NO_HASH)
    assert entry.hash == entry_hash(entry)


def test_what_is_stored_hashes_as_what_was_written(domain: DomainFixture) -> None:
    card = domain.grant(reason='all sorts: "\\ 🎁 é \u2028')
    domain.write(giftcards.update, domain.caller, card.id, Replacement(credit=1, texture=new_id()))
    for entry in domain.entries(card.id):
        assert entry.hash == entry_hash(entry)


ATTACKS = {
    "update": "UPDATE entries SET reason = 'other'",
    "update that changes nothing": "UPDATE entries SET reason = reason",
    "delete": "DELETE FROM entries",
    "upsert": "INSERT INTO entries SELECT * FROM entries WHERE TRUE ON CONFLICT "
    "(store_id, account_kind, account_id, seq) DO UPDATE SET reason = 'other'",
}
ATTACKS_ON = {
    "sqlite": {
        **ATTACKS,
        "replace": "INSERT OR REPLACE INTO entries SELECT * FROM entries",
        "replace by another name": "REPLACE INTO entries SELECT * FROM entries",
        "update or replace": "UPDATE OR REPLACE entries SET reason = 'other'",
    },
    "postgres": {
        **ATTACKS,
        "truncate": "TRUNCATE entries",
        "truncate from afar": "TRUNCATE entries CASCADE",
    },
}


@pytest.mark.contract("10.32")
@pytest.mark.parametrize(
    ("engine", "attack"),
    [(engine, attack) for engine, attacks in ATTACKS_ON.items() for attack in attacks],
    indirect=["engine"],
)
def test_the_database_itself_refuses_to_change_an_entry(domain: DomainFixture, attack: str) -> None:
    card = domain.grant()
    before = domain.entries(card.id)
    with pytest.raises(Exception, match="append-only"):
        domain.sql(ATTACKS_ON[domain.engine][attack])
    assert domain.entries(card.id) == before


def test_a_second_entry_of_the_same_number_is_refused(domain: DomainFixture) -> None:
    domain.grant()
    with pytest.raises(Exception, match=r"append-only|duplicate key"):
        domain.sql("INSERT INTO entries SELECT * FROM entries")
