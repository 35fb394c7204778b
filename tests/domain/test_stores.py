"""Stores: made once, read by id (contract section 7)."""

import pytest

from gridgift.domain import residents, stores
from gridgift.domain.failures import StoreNotFound, UsernameTaken, ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.model import Resident
from gridgift.domain.residents import Identifier
from gridgift.domain.stores import NewStore
from tests.domain.world import World
from tests.shop import JO, KELLY, OWNER


def test_created_with_its_owner(world: World) -> None:
    texture, owner = new_id(), Resident(new_id(), "brand.new")
    new = NewStore("Éclat & Söhne 🎁", owner, texture, "http://maps.secondlife.com/x/1/2/3")
    store = world.write(stores.create, new, new_id(), world.now)
    assert (store.name, store.logo, store.location_slurl) == (
        new.name, texture, new.location_slurl,
    )  # fmt: skip
    assert (store.owner_uuid, store.owner_username) == (owner.uuid, owner.username)
    assert store.blog_listed is store.application_open is False
    assert (store.base_bonus, store.group_bonus, store.created_at) == (0, 0, world.now)
    assert world.read(stores.read, store.id) == store
    assert world.read(residents.find, Identifier(username="brand.new")) == owner


def test_listed_oldest_first(world: World) -> None:
    names = ["Zebra", "Apple", "Moon"]
    for name in names:
        world.write(stores.create, NewStore(name, JO), new_id(), world.now)
    assert [store.name for store in world.read(stores.list_all)] == ["Moonwall", *names]


def test_unknown(world: World) -> None:
    with pytest.raises(StoreNotFound):
        world.read(stores.read, new_id())


def test_bad_names(world: World) -> None:
    for name in ("", " ", "a\x00b", "a\nb", "a\x7fb", "a\x9bb", "\udcff", "x" * 129, "\t"):
        with pytest.raises(ValidationFailed) as refused:
            world.write(stores.create, NewStore(name, JO), new_id(), world.now)
        assert list(refused.value.errors) == ["name"]
    assert len(world.read(stores.list_all)) == 1


def test_an_owner_with_someone_elses_name_makes_no_store(world: World) -> None:
    with pytest.raises(UsernameTaken):
        stranger = Resident(new_id(), KELLY.username)
        world.write(stores.create, NewStore("Fraud", stranger), new_id(), world.now)
    assert [store.owner_uuid for store in world.read(stores.list_all)] == [OWNER.uuid]
