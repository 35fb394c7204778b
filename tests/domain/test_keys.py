"""API keys: made once, kept as a hash, ended at will (contract section 2)."""

import asyncio
import hashlib
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import keys
from gridgift.domain.failures import (
    KeyNameTaken,
    KeyNotFound,
    KeyNotUsable,
    StoreNotFound,
    ValidationFailed,
)
from gridgift.domain.ids import new_id
from gridgift.domain.keys import MAX_OVERLAP, Fresh, IssuedKey, Signer
from gridgift.domain.model import Key
from tests.domain.world import World
from tests.shop import SECRET

SIGNER = Signer(SECRET.encode())
STORE, KEY, RANDOM = new_id(), new_id(), bytes(range(32))

ids = st.uuids().map(str)
randoms = st.binary(min_size=32, max_size=32)


def fresh() -> Fresh:
    return Fresh(new_id(), hashlib.sha256(new_id().encode()).digest())


def make(world: World, name: str = "website", scopes: Any = ("store:read",), **more: Any) -> Any:
    args = (SIGNER, more.get("store_id", world.store.id), name, scopes, fresh(), world.now)
    return world.write(keys.create, *args, more.get("expires_at"))


async def pause(tx: Any) -> None:
    await tx.all("stores_all")


def rotate(world: World, key: Key, overlap: int = 0) -> IssuedKey:
    args = (SIGNER, world.store.id, key.id, overlap, fresh(), world.now)
    issued: IssuedKey = world.write(keys.rotate, *args)
    return issued


@pytest.mark.contract("2.5", "2.7")
@given(store_id=ids, key_id=ids, random=randoms)
def test_what_is_issued_is_read(store_id: str, key_id: str, random: bytes) -> None:
    key = SIGNER.issue(store_id, key_id, random)
    assert SIGNER.read(key) == (store_id, key_id)
    assert key.startswith("allo_live_")
    assert "=" not in key


@pytest.mark.contract("2.8")
def test_every_flipped_character_is_refused() -> None:
    key = SIGNER.issue(STORE, KEY, RANDOM)
    for place, character in enumerate(key):
        for other in "A", "b", "-", "_", ".", " ", "é", chr(ord(character) ^ 1):
            if other != character:
                forged = key[:place] + other + key[place + 1 :]
                assert SIGNER.read(forged) is None, forged


@pytest.mark.contract("2.8")
@pytest.mark.parametrize(
    "change",
    [
        lambda key: "",
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key + "\n",
        lambda key: " " + key,
        lambda key: key.rpartition(".")[0],
        lambda key: key.rpartition(".")[0] + ".",
        lambda key: key.upper(),
        lambda key: key.replace("allo_live_", "", 1),
        lambda key: key * 2,
    ],
)
def test_misshapen_keys_are_refused(change: Any) -> None:
    assert SIGNER.read(change(SIGNER.issue(STORE, KEY, RANDOM))) is None


@pytest.mark.contract("2.8", "2.6")
def test_another_servers_key_and_another_prefix_are_refused() -> None:
    for other in (Signer(b"another secret" * 4), Signer(SECRET.encode(), "shop")):
        key = other.issue(STORE, KEY, RANDOM)
        assert other.read(key) == (STORE, KEY)
        assert SIGNER.read(key) is None


@pytest.mark.contract("2.6")
@pytest.mark.parametrize("prefix", ["a", "a_b_c", "allo_live_2", "x" * 32])
def test_prefixes_may_hold_underscores(prefix: str) -> None:
    signer = Signer(SECRET.encode(), prefix)
    assert signer.read(signer.issue(STORE, KEY, RANDOM)) == (STORE, KEY)


@settings(max_examples=50)
@given(text=st.one_of(st.text(max_size=200), st.from_regex(keys._KEY, fullmatch=True)))
def test_nothing_else_is_ever_taken_for_a_key(text: str) -> None:
    assert SIGNER.read(text) is None


@pytest.mark.contract("2.11", "2.12", "2.15")
def test_created_and_listed(world: World) -> None:
    expiry = world.now + 1
    one = make(world, "one", ["store:read", "giftcards:read"])
    two = make(world, "two", expires_at=expiry)
    assert one.stored == Key(
        store_id=world.store.id,
        id=one.stored.id,
        name="one",
        hash=hashlib.sha256(one.key.encode()).digest(),
        preview=f"allo_live_***{one.key[-6:]}",
        scopes=frozenset({"store:read", "giftcards:read"}),
        created_at=world.now,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
    )
    assert two.stored.expires_at == expiry
    assert world.read(keys.list_of, world.store.id) == [one.stored, two.stored]
    assert world.read(keys.read, world.store.id, one.stored.id) == one.stored
    assert SIGNER.read(one.key) == (world.store.id, one.stored.id)


@pytest.mark.contract("2.10")
def test_the_key_itself_is_nowhere_in_the_database(world: World) -> None:
    issued = make(world)
    payload, _, signature = issued.key.removeprefix("allo_live_").partition(".")
    random = keys.base64.urlsafe_b64decode(payload + "==")[32:]
    rotated = rotate(world, issued.stored)
    everything = world.everything()
    assert issued.stored.preview.encode() in everything
    secrets = (issued.key, payload, signature, payload[-20:], rotated.key, rotated.key[10:60])
    for secret in (*(text.encode() for text in secrets), random, random.hex().encode()):
        assert secret not in everything


GOOD_NAMES = ["abc", "x" * 128, "Émile's 🎁 key", "🎁" * 128]
BAD_NAMES = [
    "", "ab", "x" * 129, "a\x00b", "a\nbc", "a\x1bbc", "a\x7fbc", "a\x9bbc", " abc", "abc ", "   ",
    "\udcff\udcff\udcff",
]  # fmt: skip


@pytest.mark.contract("2.13")
def test_good_names(world: World) -> None:
    for name in GOOD_NAMES:
        assert make(world, name).stored.name == name


@pytest.mark.contract("2.13")
def test_bad_names(world: World) -> None:
    issued = make(world)
    for name in BAD_NAMES:
        with pytest.raises(ValidationFailed) as refused:
            make(world, name)
        assert list(refused.value.errors) == ["name"]
        with pytest.raises(ValidationFailed):
            world.write(keys.rename, world.store.id, issued.stored.id, name, world.now)
    assert world.read(keys.list_of, world.store.id) == [issued.stored]


@pytest.mark.contract("2.14")
def test_names_are_unique_among_the_stores_keys_that_live(world: World) -> None:
    issued = make(world, "website")
    with pytest.raises(KeyNameTaken):
        make(world, "website")
    world.write(keys.revoke, world.store.id, issued.stored.id, world.now)
    again = make(world, "website")
    assert again.stored.id != issued.stored.id


@pytest.mark.contract("2.14")
def test_of_many_that_want_a_name_one_gets_it(world: World) -> None:
    others = [make(world, f"other {number}").stored for number in range(3)]

    async def together() -> list[Any]:
        await asyncio.gather(*(world.database.read(pause) for _ in range(6)))  # connections open
        wishes = [
            world.database.write(keys.rename, world.store.id, key.id, "website", world.now)
            for key in others
        ]
        wishes += [
            world.database.write(
                keys.create, SIGNER, world.store.id, "website", ["store:read"], fresh(), world.now
            )
            for _ in range(3)
        ]
        return await asyncio.gather(*wishes, return_exceptions=True)

    outcomes = world.run(together())
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {type(outcome) for outcome in refused} == {KeyNameTaken}, outcomes
    assert len(refused) == 5


@pytest.mark.parametrize("expires", [0, -1])
def test_an_expiry_must_lie_ahead(world: World, expires: int) -> None:
    with pytest.raises(ValidationFailed):
        make(world, expires_at=world.now + expires)


def test_a_key_needs_a_store_and_scopes(world: World) -> None:
    with pytest.raises(StoreNotFound):
        make(world, store_id=new_id())
    for scopes in ((), ("all",)):
        with pytest.raises(ValidationFailed):
            make(world, scopes=scopes)
    with pytest.raises(StoreNotFound):
        world.read(keys.list_of, new_id())


@pytest.mark.contract("2.16")
def test_renamed(world: World) -> None:
    one, two = make(world, "one"), make(world, "two")
    renamed = world.write(keys.rename, world.store.id, one.stored.id, "uno", world.now)
    assert renamed.name == "uno"
    assert renamed.hash == one.stored.hash
    same = world.write(keys.rename, world.store.id, one.stored.id, "uno", world.now)
    assert same == renamed
    with pytest.raises(KeyNameTaken):
        world.write(keys.rename, world.store.id, one.stored.id, two.stored.name, world.now)


@pytest.mark.contract("2.16")
def test_rescoped(world: World) -> None:
    issued = make(world)
    wanted = ["giftcards:write", "giftcards:read"]
    key = world.write(keys.rescope, world.store.id, issued.stored.id, wanted, world.now)
    assert key.scopes == set(wanted)
    with pytest.raises(ValidationFailed):
        world.write(keys.rescope, world.store.id, issued.stored.id, [], world.now)


def test_rotated_with_an_overlap(world: World) -> None:
    old = make(world, "website", ["store:read", "giftcards:read"], expires_at=world.now + 10**9)
    new = rotate(world, old.stored, overlap=60_000)
    assert new.key != old.key
    assert (new.stored.name, new.stored.scopes) == ("website", old.stored.scopes)
    assert new.stored.expires_at == old.stored.expires_at
    retired = world.read(keys.read, world.store.id, old.stored.id)
    assert retired.expires_at == world.now + 60_000
    assert retired.revoked_at is None
    assert retired.hash == old.stored.hash
    assert retired.name.startswith("website (old ")
    assert old.key[-6:] in retired.name


def test_an_overlap_never_makes_a_key_live_longer(world: World) -> None:
    old = make(world, expires_at=world.now + 5)
    rotate(world, old.stored, overlap=60_000)
    assert world.read(keys.read, world.store.id, old.stored.id).expires_at == world.now + 5


def test_without_an_overlap_the_old_one_is_dead_at_once(world: World) -> None:
    old = make(world, "x" * 128)
    new = rotate(world, old.stored)
    retired = world.read(keys.read, world.store.id, old.stored.id)
    assert retired.expires_at == world.now
    assert len(retired.name) == 128
    assert new.stored.name == "x" * 128
    with pytest.raises(KeyNotUsable):
        rotate(world, old.stored)


def test_rotated_again_and_again(world: World) -> None:
    issued = make(world, "website")
    for _ in range(4):
        issued = rotate(world, issued.stored, overlap=MAX_OVERLAP)
    assert len({key.name for key in world.read(keys.list_of, world.store.id)}) == 5


@pytest.mark.parametrize("overlap", [-1, MAX_OVERLAP + 1])
def test_an_overlap_has_bounds(world: World, overlap: int) -> None:
    issued = make(world)
    with pytest.raises(ValidationFailed) as refused:
        rotate(world, issued.stored, overlap)
    assert list(refused.value.errors) == ["overlap"]


def test_a_revoked_or_expired_key_is_done(world: World) -> None:
    revoked, expired = make(world, "one"), make(world, "two", expires_at=world.now + 1)
    done = world.write(keys.revoke, world.store.id, revoked.stored.id, world.now)
    assert done.revoked_at == world.now
    world.now += 5
    again = world.write(keys.revoke, world.store.id, revoked.stored.id, world.now)
    assert again == done
    for issued in (revoked, expired):
        place = (world.store.id, issued.stored.id)
        with pytest.raises(KeyNotUsable):
            world.write(keys.rename, *place, "other", world.now)
        with pytest.raises(KeyNotUsable):
            world.write(keys.rescope, *place, ["store:read"], world.now)
        with pytest.raises(KeyNotUsable):
            rotate(world, issued.stored)


def test_another_stores_key_is_not_there(world: World) -> None:
    key, elsewhere = make(world).stored, str(uuid.uuid4())
    with pytest.raises(KeyNotFound):
        world.read(keys.read, elsewhere, key.id)
    for operation in (
        lambda: world.write(keys.rename, elsewhere, key.id, "other", world.now),
        lambda: world.write(keys.rescope, elsewhere, key.id, ["store:read"], world.now),
        lambda: world.write(keys.revoke, elsewhere, key.id, world.now),
    ):
        with pytest.raises(KeyNotFound):
            operation()
    assert world.read(keys.list_of, world.store.id) == [key]


def test_the_last_use_only_goes_forward(world: World) -> None:
    one, two = make(world, "one").stored, make(world, "two").stored
    for instants in ((5, 9), (7, 3)):
        uses = [(world.store.id, key.id, at) for key, at in zip((one, two), instants, strict=True)]
        world.write(keys.note_uses, uses)
    used = [key.last_used_at for key in world.read(keys.list_of, world.store.id)]
    assert used == [7, 9]
