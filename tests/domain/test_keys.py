"""API keys: made once, kept as a hash, ended at will (contract section 2)."""

import asyncio
import hashlib
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json, structs

from gridgift.domain import keys
from gridgift.domain.failures import (
    KeyNameTaken,
    KeyNotFound,
    KeyNotUsable,
    StoreNotFound,
    ValidationFailed,
)
from gridgift.domain.ids import new_id
from gridgift.domain.instants import format_instant
from gridgift.domain.keys import MAX_OVERLAP, IssuedKey, NewCredential, Signer
from gridgift.domain.model import Key
from gridgift.storage.database import Tx
from gridgift.storage.queries import Query
from tests.api import SECRET
from tests.domain.fixture import DomainFixture
from tests.domain.test_events import read

SIGNER = Signer(SECRET.encode())
LOCK_STORE = Query.parse("lock_store", "UPDATE stores SET name = name WHERE id = :id")
STORE, KEY, RANDOM = new_id(), new_id(), bytes(range(32))

ids = st.uuids().map(str)
randoms = st.binary(min_size=32, max_size=32)


def new_credential() -> NewCredential:
    return NewCredential(new_id(), hashlib.sha256(new_id().encode()).digest())


def make(
    domain: DomainFixture, name: str = "website", scopes: Any = ("store:read",), **more: Any
) -> Any:
    caller = more.get("caller", domain.caller)
    args = (caller, SIGNER, name, scopes, new_credential())
    return domain.write(keys.create, *args, expires_at=more.get("expires_at"))


async def pause(tx: Any) -> None:
    await tx.all("stores_all")


def rotate(domain: DomainFixture, key: Key, overlap: int = 0) -> IssuedKey:
    args = (domain.caller, SIGNER, key.id, overlap, new_credential())
    issued: IssuedKey = domain.write(keys.rotate, *args)
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
def test_created_and_listed(domain: DomainFixture) -> None:
    expiry = domain.now + 1
    one = make(domain, "one", ["store:read", "giftcards:read"])
    two = make(domain, "two", expires_at=expiry)
    assert one.stored == Key(
        store_id=domain.store.id,
        id=one.stored.id,
        name="one",
        hash=hashlib.sha256(one.key.encode()).digest(),
        preview=f"allo_live_***{one.key[-6:]}",
        scopes=frozenset({"store:read", "giftcards:read"}),
        created_at=domain.now,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
    )
    assert two.stored.expires_at == expiry
    assert domain.read(keys.list_of, domain.store.id) == [one.stored, two.stored]
    assert domain.read(keys.read, domain.store.id, one.stored.id) == one.stored
    assert SIGNER.read(one.key) == (domain.store.id, one.stored.id)


@pytest.mark.contract("2.10")
def test_the_key_itself_is_nowhere_in_the_database(domain: DomainFixture) -> None:
    issued = make(domain)
    payload, _, signature = issued.key.removeprefix("allo_live_").partition(".")
    random = keys.base64.urlsafe_b64decode(payload + "==")[32:]
    rotated = rotate(domain, issued.stored)
    everything = domain.everything()
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
def test_good_names(domain: DomainFixture) -> None:
    for name in GOOD_NAMES:
        assert make(domain, name).stored.name == name


@pytest.mark.contract("2.13")
def test_bad_names(domain: DomainFixture) -> None:
    issued = make(domain)
    for name in BAD_NAMES:
        with pytest.raises(ValidationFailed) as refused:
            make(domain, name)
        assert list(refused.value.errors) == ["name"]
        with pytest.raises(ValidationFailed):
            domain.write(keys.rename, domain.caller, issued.stored.id, name)
    assert domain.read(keys.list_of, domain.store.id) == [issued.stored]


@pytest.mark.contract("2.14")
def test_names_are_unique_among_the_stores_keys_that_live(domain: DomainFixture) -> None:
    issued = make(domain, "website")
    with pytest.raises(KeyNameTaken):
        make(domain, "website")
    domain.write(keys.revoke, domain.caller, issued.stored.id)
    again = make(domain, "website")
    assert again.stored.id != issued.stored.id


@pytest.mark.contract("2.14")
def test_of_many_that_want_a_name_one_gets_it(domain: DomainFixture) -> None:
    others = [make(domain, f"other {number}").stored for number in range(3)]

    async def together() -> list[Any]:
        await asyncio.gather(*(domain.database.read(pause) for _ in range(6)))  # connections open
        wishes = [
            domain.database.write(keys.rename, domain.caller, key.id, "website") for key in others
        ]
        wishes += [
            domain.database.write(
                keys.create, domain.caller, SIGNER, "website", ["store:read"], new_credential()
            )
            for _ in range(3)
        ]
        return await asyncio.gather(*wishes, return_exceptions=True)

    outcomes = domain.run(together())
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {type(outcome) for outcome in refused} == {KeyNameTaken}, outcomes
    assert len(refused) == 5


@pytest.mark.parametrize("expires", [0, -1])
def test_an_expiry_must_lie_ahead(domain: DomainFixture, expires: int) -> None:
    with pytest.raises(ValidationFailed) as refused:
        make(domain, expires_at=domain.now + expires)
    assert list(refused.value.errors) == ["expires_at"]
    assert domain.read(keys.list_of, domain.store.id) == []


def test_a_key_needs_a_store_and_scopes(domain: DomainFixture) -> None:
    with pytest.raises(StoreNotFound):
        make(domain, caller=structs.replace(domain.caller, store_id=new_id()))
    for scopes in ((), ("all",)):
        with pytest.raises(ValidationFailed):
            make(domain, scopes=scopes)
    with pytest.raises(StoreNotFound):
        domain.read(keys.list_of, new_id())


@pytest.mark.contract("2.16")
def test_renamed(domain: DomainFixture) -> None:
    one, two = make(domain, "one"), make(domain, "two")
    renamed = domain.write(keys.rename, domain.caller, one.stored.id, "uno")
    assert renamed.name == "uno"
    assert renamed.hash == one.stored.hash
    same = domain.write(keys.rename, domain.caller, one.stored.id, "uno")
    assert same == renamed
    with pytest.raises(KeyNameTaken):
        domain.write(keys.rename, domain.caller, one.stored.id, two.stored.name)


@pytest.mark.contract("2.16")
def test_rescoped(domain: DomainFixture) -> None:
    issued = make(domain)
    wanted = ["giftcards:write", "giftcards:read"]
    key = domain.write(keys.rescope, domain.caller, issued.stored.id, wanted)
    assert key.scopes == set(wanted)
    with pytest.raises(ValidationFailed):
        domain.write(keys.rescope, domain.caller, issued.stored.id, [])


@pytest.mark.contract("2.16")
def test_updated(domain: DomainFixture) -> None:
    key, other = make(domain, "one").stored, make(domain, "two").stored
    place, scopes = (domain.caller, key.id), ["giftcards:read"]
    assert domain.write(keys.update, *place, "uno", None).name == "uno"
    assert domain.write(keys.update, *place, None, scopes).scopes == set(scopes)
    both = domain.write(keys.update, *place, "one", ["store:read"])
    assert both == key == domain.read(keys.read, domain.store.id, key.id)
    for name, wanted, failure in (
        ("uno", ["no"], ValidationFailed),
        (other.name, scopes, KeyNameTaken),
    ):
        with pytest.raises(failure):  # of two changes none is made
            domain.write(keys.update, *place, name, wanted)
    assert domain.read(keys.read, domain.store.id, key.id) == key
    with pytest.raises(KeyNotFound):
        domain.write(keys.update, domain.caller, new_id(), None, None)


def test_rotated_with_an_overlap(domain: DomainFixture) -> None:
    old = make(domain, "website", ["store:read", "giftcards:read"], expires_at=domain.now + 10**9)
    new = rotate(domain, old.stored, overlap=60_000)
    assert new.key != old.key
    assert (new.stored.name, new.stored.scopes) == ("website", old.stored.scopes)
    assert new.stored.expires_at == old.stored.expires_at
    retired = domain.read(keys.read, domain.store.id, old.stored.id)
    assert retired.expires_at == domain.now + 60_000
    assert retired.revoked_at is None
    assert retired.hash == old.stored.hash
    assert retired.name.startswith("website (old ")
    assert old.key[-6:] in retired.name


def test_a_key_without_an_end_gets_one_with_the_overlap(domain: DomainFixture) -> None:
    old = make(domain)
    rotate(domain, old.stored, overlap=60_000)
    retired = domain.read(keys.read, domain.store.id, old.stored.id)
    assert retired.expires_at == domain.now + 60_000
    ends = format_instant(domain.now + 60_000)[:16]
    assert retired.name == f"{old.stored.name} (old {old.key[-6:]} until {ends})"


def test_an_overlap_never_makes_a_key_live_longer(domain: DomainFixture) -> None:
    old = make(domain, expires_at=domain.now + 5)
    rotate(domain, old.stored, overlap=60_000)
    assert domain.read(keys.read, domain.store.id, old.stored.id).expires_at == domain.now + 5


def test_without_an_overlap_the_old_one_is_dead_at_once(domain: DomainFixture) -> None:
    old = make(domain, "x" * 128)
    new = rotate(domain, old.stored)
    retired = domain.read(keys.read, domain.store.id, old.stored.id)
    assert retired.expires_at == domain.now
    assert len(retired.name) == 128
    assert new.stored.name == "x" * 128
    with pytest.raises(KeyNotUsable):
        rotate(domain, old.stored)


def test_rotated_again_and_again(domain: DomainFixture) -> None:
    issued = make(domain, "website")
    for _ in range(4):
        issued = rotate(domain, issued.stored, overlap=MAX_OVERLAP)
    assert len({key.name for key in domain.read(keys.list_of, domain.store.id)}) == 5


@pytest.mark.parametrize("overlap", [-1, MAX_OVERLAP + 1])
def test_an_overlap_has_bounds(domain: DomainFixture, overlap: int) -> None:
    issued = make(domain)
    with pytest.raises(ValidationFailed) as refused:
        rotate(domain, issued.stored, overlap)
    assert refused.value.errors == {"overlap": ["must be from 0 to 90 days"]}


def test_a_revoked_or_expired_key_is_done(domain: DomainFixture) -> None:
    revoked, expired = make(domain, "one"), make(domain, "two", expires_at=domain.now + 1)
    done = domain.write(keys.revoke, domain.caller, revoked.stored.id)
    assert done.revoked_at == domain.now
    domain.now += 5
    again = domain.write(keys.revoke, domain.caller, revoked.stored.id)
    assert again == done
    for issued in (revoked, expired):
        place = (domain.caller, issued.stored.id)
        with pytest.raises(KeyNotUsable):
            domain.write(keys.rename, *place, "other")
        with pytest.raises(KeyNotUsable):
            domain.write(keys.rescope, *place, ["store:read"])
        with pytest.raises(KeyNotUsable):
            rotate(domain, issued.stored)


def test_another_stores_key_is_not_there(domain: DomainFixture) -> None:
    key, elsewhere = make(domain).stored, str(uuid.uuid4())
    stranger = structs.replace(domain.caller, store_id=elsewhere)
    with pytest.raises(KeyNotFound):
        domain.read(keys.read, elsewhere, key.id)
    for operation in (
        lambda: domain.write(keys.rename, stranger, key.id, "other"),
        lambda: domain.write(keys.rescope, stranger, key.id, ["store:read"]),
        lambda: domain.write(keys.revoke, stranger, key.id),
    ):
        with pytest.raises(KeyNotFound):
            operation()
    assert domain.read(keys.list_of, domain.store.id) == [key]


def test_the_last_use_only_goes_forward(domain: DomainFixture) -> None:
    one, two = make(domain, "one").stored, make(domain, "two").stored
    for instants in ((5, 9), (7, 3)):
        uses = [(domain.store.id, key.id, at) for key, at in zip((one, two), instants, strict=True)]
        domain.write(keys.note_uses, uses, bytes(32))
    used = [key.last_used_at for key in domain.read(keys.list_of, domain.store.id)]
    assert used == [7, 9]


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite has one writer
@pytest.mark.parametrize(
    ("change", "values"),
    [
        (keys.rename, ("another name",)),
        (keys.rescope, (["giftcards:read"],)),
        (keys.rotate, (0, new_credential())),
        (keys.revoke, ()),
    ],
)
def test_a_stores_keys_change_one_after_the_other(
    domain: DomainFixture, change: Any, values: Any
) -> None:
    key_id, signer = make(domain).stored.id, [SIGNER] if change is keys.rotate else []

    async def behind_another() -> Any:
        locked, go = asyncio.Event(), asyncio.Event()

        async def hold_up(tx: Tx) -> None:
            await tx.run(LOCK_STORE, id=domain.store.id)
            locked.set()
            await go.wait()

        first = asyncio.create_task(domain.database.write(hold_up))
        await locked.wait()
        second = asyncio.create_task(
            domain.database.write(change, domain.caller, *signer, key_id, *values)
        )
        assert (await asyncio.wait([second], timeout=0.3))[1] == {second}, "it did not wait"
        go.set()
        await first
        return await second

    domain.run(behind_another())


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_key_that_ends_while_a_change_waits(domain: DomainFixture) -> None:
    key_id = make(domain, expires_at=domain.now + 1_000).stored.id

    async def behind_another() -> None:
        locked = asyncio.Event()

        async def hold_up(tx: Tx) -> None:
            await tx.run(LOCK_STORE, id=domain.store.id)
            locked.set()
            await asyncio.sleep(0.3)
            domain.now += 1_000

        first = asyncio.create_task(domain.database.write(hold_up))
        await locked.wait()
        with pytest.raises(KeyNotUsable):
            await domain.database.write(keys.rescope, domain.caller, key_id, ["giftcards:read"])
        await first

    domain.run(behind_another())


@pytest.mark.contract("10.94")
def test_each_change_is_an_event_without_the_key(domain: DomainFixture) -> None:
    issued = make(domain)
    key_id = issued.stored.id
    domain.write(keys.rename, domain.caller, key_id, "till")
    domain.write(keys.rename, domain.caller, key_id, "till")  # it is called so already
    domain.write(keys.rescope, domain.caller, key_id, ["giftcards:read"])
    new = rotate(domain, domain.read(keys.read, domain.store.id, key_id), 60_000)
    domain.write(keys.revoke, domain.caller, key_id)
    domain.write(keys.revoke, domain.caller, key_id)
    told = [event for event in read(domain).rows if event.type == "key.changed"]
    changed = {key: [each for each in told if each.subject_id == key]
               for key in (key_id, new.stored.id)}  # fmt: skip
    assert (len(told), len(changed[new.stored.id])) == (6, 1)
    after = [json.decode(each.after.state) for each in changed[key_id] if each.after is not None]
    assert [each["name"][:4] for each in after] == ["webs", "till", "till", "till", "till"]
    assert [each["scopes"] for each in after[1:3]] == [["store:read"], ["giftcards:read"]]
    assert after[3]["expiresAt"] == domain.now + 60_000
    assert [each["revokedAt"] is None for each in after] == [True] * 4 + [False]
    assert changed[key_id][0].before is None
    assert all(each.actor_id == domain.caller.actor_id for each in told)
    assert issued.key not in str(told) and new.key not in str(told)
