"""Stores: made once, read by id (contract section 7)."""

import asyncio
from typing import Any

import pytest

from gridgift.domain import residents, stores
from gridgift.domain.failures import StoreNotFound, UsernameTaken, ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.model import Resident
from gridgift.domain.residents import Identifier
from gridgift.domain.stores import NewStore, StoreChanges
from tests.api import JO, KELLY, OWNER
from tests.domain.fixture import DomainFixture


def test_created_with_its_owner(domain: DomainFixture) -> None:
    texture, owner = new_id(), Resident(new_id(), "brand.new")
    new = NewStore("Éclat & Söhne 🎁", owner, texture, "http://maps.secondlife.com/x/1/2/3")
    store = domain.write(stores.create, new, new_id())
    assert (store.name, store.logo, store.location_slurl) == (
        new.name, texture, new.location_slurl,
    )  # fmt: skip
    assert (store.owner_uuid, store.owner_username) == (owner.uuid, owner.username)
    assert store.blog_listed is store.application_open is False
    assert (store.base_bonus, store.group_bonus, store.created_at) == (0, 0, domain.now)
    assert domain.read(stores.read, store.id) == store
    assert domain.read(residents.find, domain.store.id, Identifier(username="brand.new")) == owner


def test_listed_oldest_first(domain: DomainFixture) -> None:
    names = ["Zebra", "Apple", "Moon"]
    for name in names:
        domain.write(stores.create, NewStore(name, JO), new_id())
    assert [store.name for store in domain.read(stores.list_all)] == ["Moonwall", *names]


def test_unknown(domain: DomainFixture) -> None:
    with pytest.raises(StoreNotFound):
        domain.read(stores.read, new_id())


def test_bad_names(domain: DomainFixture) -> None:
    for name in ("", " ", "a\x00b", "a\nb", "a\x7fb", "a\x9bb", "\udcff", "x" * 129, "\t"):
        with pytest.raises(ValidationFailed) as refused:
            domain.write(stores.create, NewStore(name, JO), new_id())
        assert list(refused.value.errors) == ["name"]
    assert len(domain.read(stores.list_all)) == 1


def test_updated(domain: DomainFixture) -> None:
    changes = StoreChanges(
        name="Sun", card_lifetime=30, customer_origin="https://x.test", logo=None
    )
    changed = domain.write(stores.update, domain.store.id, changes)
    assert (changed.name, changed.card_lifetime) == ("Sun", 30)
    assert changed.customer_origin == "https://x.test"
    assert changed == domain.read(stores.read, domain.store.id)
    undone = domain.write(
        stores.update, domain.store.id, StoreChanges(card_lifetime=None, customer_origin=None)
    )
    assert (undone.name, undone.card_lifetime, undone.customer_origin) == ("Sun", None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "}, {"card_lifetime": 0}, {"card_lifetime": 36_501},
        {"customer_origin": "https://x.test/"}, {"customer_origin": "ftp://x.test"},
        {"customer_origin": "https://.."}, {"customer_origin": "https://-x.test"},
        {"customer_origin": "https://x.test:0"}, {"customer_origin": "https://x.test:65536"},
        {"base_bonus": -1}, {"group_bonus": 101},
        {"location_slurl": "javascript:alert(1)"}, {"location_slurl": "https://x.test/maps"},
        {"location_slurl": "secondlife://a b"}, {"location_slurl": f"secondlife://{'x' * 488}"},
    ],
)  # fmt: skip
def test_bad_changes_name_their_field(domain: DomainFixture, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        domain.write(stores.update, domain.store.id, StoreChanges(**changes))
    assert list(refused.value.errors) == list(changes)
    assert domain.read(stores.read, domain.store.id) == domain.store


@pytest.mark.parametrize(
    "changes",
    [
        {"card_lifetime": 1}, {"card_lifetime": 36_500}, {"base_bonus": 0}, {"base_bonus": 100},
        {"customer_origin": "http://[::1]:1"}, {"customer_origin": "https://x-1.test:65535"},
        {"customer_origin": "https://x.test:80"},
        {"group_bonus": 100}, {"location_slurl": f"secondlife://{'x' * 487}"},
        {"location_slurl": "http://slurl.com/secondlife/Moon/1/2/3"},
    ],
)  # fmt: skip
def test_the_least_and_the_most(domain: DomainFixture, changes: dict[str, Any]) -> None:
    changed = domain.write(stores.update, domain.store.id, StoreChanges(**changes))
    assert {name: getattr(changed, name) for name in changes} == changes


@pytest.mark.parametrize("origin", ["https://x.test:443", "http://x.test:80"])
def test_an_origin_is_kept_as_browsers_send_it(domain: DomainFixture, origin: str) -> None:
    changed = domain.write(stores.update, domain.store.id, StoreChanges(customer_origin=origin))
    assert changed.customer_origin == origin.rpartition(":")[0]


def test_an_owner_with_someone_elses_name_makes_no_store(domain: DomainFixture) -> None:
    with pytest.raises(UsernameTaken):
        stranger = Resident(new_id(), KELLY.username)
        domain.write(stores.create, NewStore("Fraud", stranger), new_id())
    assert [store.owner_uuid for store in domain.read(stores.list_all)] == [OWNER.uuid]


def test_two_who_change_different_fields_lose_nothing(domain: DomainFixture) -> None:
    """All fields are written, so each change waits for the one before it."""

    async def both(name: str, lifetime: int) -> None:
        write, store_id = domain.database.write, domain.store.id
        changes = (StoreChanges(name=name), StoreChanges(card_lifetime=lifetime))
        await asyncio.gather(*(write(stores.update, store_id, each) for each in changes))

    for number in range(1, 21):
        domain.run(both(f"Sun {number}", number))
        changed = domain.read(stores.read, domain.store.id)
        assert (changed.name, changed.card_lifetime) == (f"Sun {number}", number)
