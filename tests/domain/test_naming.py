"""What stores' keys may do to names, and learn of residents (contract section 10, decision 35)."""

import asyncio
import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import grants, naming, residents, stores
from gridgift.domain.failures import ResidentNotFound, UsernameTaken
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, CardChange, Resident
from gridgift.domain.paging import Position
from gridgift.domain.residents import Identifier, parse_prefix, parse_username
from gridgift.storage.database import Tx
from tests.api import JO, KELLY, OWNER
from tests.domain.fixture import DomainFixture

ROBIN = Resident(str(uuid.UUID(int=77)), "robin.sommer")
NOBODYS = Resident(str(uuid.UUID(int=78)), "robin.sommer")


@pytest.fixture
def other(domain: DomainFixture) -> str:
    """Another store's id."""
    new = stores.NewStore("Elsewhere", OWNER)
    return str(domain.write(stores.create, new, new_id()).id)


def leads_to(domain: DomainFixture, store_id: str, name: str) -> str | None:
    """Return the UUID to which a name leads at a store."""
    try:
        return str(domain.read(residents.find, store_id, Identifier(username=name)).uuid)
    except ResidentNotFound:
        return None


def shown(domain: DomainFixture, resident: Resident) -> str:
    """Return the name that every store is shown."""
    found = domain.read(residents.find, domain.store.id, Identifier(uuid=resident.uuid))
    return str(found.username)


@pytest.mark.contract("10.86")
def test_new_and_known(domain: DomainFixture) -> None:
    assert domain.write(naming.note, domain.store.id, ROBIN) == naming.Noted(ROBIN, new=True)
    assert domain.write(naming.note, domain.store.id, ROBIN) == naming.Noted(ROBIN, new=False)
    assert domain.write(naming.note, domain.store.id, KELLY) == naming.Noted(KELLY, new=False)
    with pytest.raises(UsernameTaken) as taken:
        domain.write(naming.note, domain.store.id, Resident(JO.uuid, KELLY.username))
    assert taken.value.holder == KELLY.uuid


@pytest.mark.contract("10.87")
def test_a_name_leads_there_only_at_the_stores_that_noted_it(
    domain: DomainFixture, other: str
) -> None:
    domain.write(naming.note, domain.store.id, ROBIN)
    assert leads_to(domain, domain.store.id, ROBIN.username) == ROBIN.uuid
    assert leads_to(domain, other, ROBIN.username) is None
    (found,) = domain.write(grants.grant_each, other, [request(other, ROBIN.username)])
    assert isinstance(found, ResidentNotFound)
    domain.write(naming.note, other, ROBIN)
    assert leads_to(domain, other, ROBIN.username) == ROBIN.uuid


@pytest.mark.contract("10.87")
@pytest.mark.parametrize("many", [False, True])
def test_the_operators_word_holds_everywhere(domain: DomainFixture, other: str, many: bool) -> None:
    domain.write(naming.note, domain.store.id, ROBIN)
    if many:
        domain.write(residents.remember_all, [ROBIN])
    else:
        domain.write(residents.remember, ROBIN)
    assert leads_to(domain, other, ROBIN.username) == ROBIN.uuid


@pytest.mark.contract("10.87")
def test_the_operator_overrules_a_stores_note(domain: DomainFixture, other: str) -> None:
    domain.write(naming.note, domain.store.id, NOBODYS)
    domain.write(residents.remember, ROBIN)
    for store_id in (domain.store.id, other):
        assert leads_to(domain, store_id, ROBIN.username) == ROBIN.uuid
    assert shown(domain, NOBODYS) == NOBODYS.uuid
    with pytest.raises(UsernameTaken):
        domain.write(naming.note, domain.store.id, NOBODYS)


@pytest.mark.contract("10.88")
def test_the_only_store_renames_as_the_operator_does(domain: DomainFixture) -> None:
    seen = Resident(KELLY.uuid, "kelly.new")
    assert domain.write(naming.note, domain.store.id, seen).resident == seen
    assert shown(domain, KELLY) == "kelly.new"
    assert leads_to(domain, domain.store.id, KELLY.username) == KELLY.uuid


@pytest.mark.contract("10.88")
def test_nobody_is_renamed_whom_others_named(domain: DomainFixture, other: str) -> None:
    for named_by in ("the operator", "another store"):
        if named_by == "another store":
            domain.write(naming.note, other, ROBIN)
        who = KELLY if named_by == "the operator" else ROBIN
        seen = Resident(who.uuid, f"x{who.username}")
        assert domain.write(naming.note, domain.store.id, seen).resident == who
        assert shown(domain, who) == who.username
        assert leads_to(domain, domain.store.id, seen.username) == who.uuid
        assert leads_to(domain, other, seen.username) is None
    renamed = Resident(ROBIN.uuid, "robin.winter")
    assert domain.write(naming.note, other, renamed).resident == renamed


words = st.tuples(st.sampled_from(["ours", "theirs", "operator"]), st.integers(0, 2),
                  st.integers(0, 3))  # fmt: skip


@settings(max_examples=30)
@given(notes=st.lists(words, min_size=2, max_size=10))
@pytest.mark.contract("10.87", "10.88")
def test_a_store_changes_nothing_for_another_one(
    domain: DomainFixture, other: str, notes: list[tuple[str, int, int]]
) -> None:
    """Whatever a key notes: elsewhere names lead where they led, and others' names are shown."""
    avatars = [Resident(str(uuid.uuid4()), "") for _ in range(3)]
    names = [f"n{number}.{avatars[0].uuid[:8]}" for number in range(4)]
    ids = {"ours": domain.store.id, "theirs": other}
    first_said: dict[str, str] = {}
    known: set[str] = set()
    for who, avatar, name in notes:
        seen = Resident(avatars[avatar].uuid, names[name])
        before = {store: [leads_to(domain, ids[store], each) for each in names] for store in ids}
        called = shown(domain, seen) if seen.uuid in known else seen.uuid
        try:
            if who == "operator":
                domain.write(residents.remember, seen)
                first_said[seen.username] = who
            else:
                domain.write(naming.note, ids[who], seen)
                first_said.setdefault(seen.username, who)
        except UsernameTaken:
            continue
        known.add(seen.uuid)
        if who != "operator":
            (elsewhere,) = set(ids) - {who}
            assert [leads_to(domain, ids[elsewhere], each) for each in names] == before[elsewhere]
            assert leads_to(domain, ids[who], seen.username) == seen.uuid
            if called != seen.uuid and first_said[called] != who:
                assert shown(domain, seen) == called


def request(
    store_id: str, identifier: str, seen: Resident | None = None, credit: int = 5
) -> GrantRequest:
    """Ask for a card."""
    caller = Caller(store_id, "key", "k", "r")
    found = residents.parse_identifier(identifier)
    return GrantRequest(caller, found, Terms(credit), new_id(), seen)


@pytest.mark.contract("10.89")
def test_a_batch_registers_whom_nobody_knows(domain: DomainFixture) -> None:
    nameless = Resident(str(uuid.UUID(int=80)), str(uuid.UUID(int=80)))
    asked = [
        request(domain.store.id, ROBIN.uuid, ROBIN),
        request(domain.store.id, ROBIN.uuid, ROBIN),
        request(domain.store.id, NOBODYS.uuid, NOBODYS),
        request(domain.store.id, nameless.uuid, nameless),
        request(domain.store.id, KELLY.uuid, Resident(KELLY.uuid, "jo.winter")),
        request(domain.store.id, str(uuid.UUID(int=81))),
    ]
    found = domain.write(grants.grant_each, domain.store.id, asked)
    owners = [each.card.owner_username if isinstance(each, CardChange) else type(each)
              for each in found]  # fmt: skip
    assert owners == ["robin.sommer", "robin.sommer", UsernameTaken, nameless.uuid, "kelly",
                      ResidentNotFound]  # fmt: skip
    named = Resident(nameless.uuid, "late.face")
    (found,) = domain.write(grants.grant_each, domain.store.id,
                            [request(domain.store.id, named.uuid, named)])  # fmt: skip
    assert found.card.owner_username == "late.face"


class Counting:
    """A transaction that notes which statements are run."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.ran: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.tx, name)
        if name not in {"one", "all", "each", "many", "run"}:
            return found

        def run(query: Any, *args: Any, **values: Any) -> Any:
            self.ran.append(getattr(query, "name", query))
            return found(query, *args, **values)

        return run


@pytest.mark.contract("10.89")
def test_known_residents_cost_no_statement_more(domain: DomainFixture) -> None:
    def statements(seen: Resident | None) -> list[str]:
        async def counted(tx: Tx) -> list[str]:
            counting: Any = Counting(tx)
            asked = [request(domain.store.id, KELLY.uuid, seen)]
            await grants.grant_each(counting, domain.store.id, asked)
            return list(counting.ran)

        return list(domain.write(counted))

    assert statements(Resident(KELLY.uuid, "kelly.new")) == statements(None)


def test_two_who_take_a_name_at_once(domain: DomainFixture, other: str) -> None:
    """One of them has it; the other is refused, and nothing of it is left."""

    async def race() -> list[object]:
        seen = [Resident(str(uuid.uuid4()), "race.face") for _ in range(6)]
        ids = itertools.cycle([domain.store.id, other])
        notes = [domain.database.write(naming.note, next(ids), each) for each in seen]
        return list(await asyncio.gather(*notes, return_exceptions=True))

    outcomes = domain.run(race())
    assert sorted(type(each).__name__ for each in outcomes) == ["Noted"] + ["UsernameTaken"] * 5
    assert domain.sql("SELECT count(*) FROM residents WHERE username = 'race.face'") == [(1,)]
    found = domain.sql("SELECT resident_uuid FROM resident_names WHERE username = 'race.face'")
    (noted,) = [each for each in outcomes if isinstance(each, naming.Noted)]
    assert str(found[0][0]) == noted.resident.uuid


@pytest.mark.contract("10.88")
@pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite has one writer at a time
@pytest.mark.parametrize("known", [False, True])
def test_the_operators_name_stays_if_it_comes_meanwhile(
    domain: DomainFixture, other: str, known: bool
) -> None:
    if known:
        domain.write(naming.note, domain.store.id, ROBIN)
    said = Resident(ROBIN.uuid, "robin.true")

    class Late:
        """A transaction in the midst of which, once, the operator says a name."""

        def __init__(self, tx: Tx) -> None:
            self.tx = tx

        def __getattr__(self, name: str) -> Any:
            return getattr(self.tx, name)

        async def many(self, query: Any, rows: Any) -> None:
            nonlocal waiting
            if waiting:
                waiting = False
                await domain.database.write(residents.remember, said)
            await self.tx.many(query, rows)

    async def note(tx: Tx) -> naming.Noted:
        late: Any = Late(tx)
        return await naming.note(late, domain.store.id, Resident(ROBIN.uuid, "robin.silly"))

    waiting = True
    assert domain.write(note).resident == said
    assert shown(domain, ROBIN) == said.username


def pages(domain: DomainFixture, store_id: str, prefix: str, limit: int) -> Iterator[str]:
    """Walk a list of residents; yield their names."""
    position: Position | None = Position()
    while position is not None:
        page = domain.read(naming.list_of, store_id, prefix, position, limit)
        assert len(page.rows) <= limit
        yield from (each.username for each in page.rows)
        position = page.next


@pytest.mark.contract("10.92")
@pytest.mark.parametrize("looked_at", [1, 2, 3, 5, 1000])
def test_a_store_lists_whom_it_knows(
    domain: DomainFixture, other: str, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "LOOKED_AT", looked_at)
    ours, theirs = [], []
    for number in range(12):
        who = Resident(str(uuid.uuid4()), f"face{number:02}")
        if number % 3 == 0:
            domain.write(naming.note, domain.store.id, who)
            ours.append(who.username)
        elif number % 3 == 1:
            domain.write(naming.note, other, who)
            theirs.append(who.username)
        else:
            domain.write(residents.remember, who)
            domain.write(grants.grant, request(domain.store.id, who.uuid))
            ours.append(who.username)
    for limit in (1, 2, 5, 100):
        assert list(pages(domain, domain.store.id, "face", limit)) == ours
        assert list(pages(domain, other, "face", limit)) == theirs
    assert list(pages(domain, domain.store.id, "face1", 100)) == ["face11"]
    assert list(pages(domain, other, "jo", 100)) == []


@pytest.mark.contract("10.92")
def test_backward_shows_the_same(domain: DomainFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "LOOKED_AT", 3)
    names = [f"face{number:02}" for number in range(9)]
    for number, name in enumerate(names):
        who = Resident(str(uuid.uuid4()), name)
        domain.write(residents.remember, who)
        if number % 2 == 0:
            domain.write(naming.note, domain.store.id, who)
            domain.write(grants.grant, request(domain.store.id, who.uuid))
    position, found = Position(backward=True), []
    while position is not None:
        page = domain.read(naming.list_of, domain.store.id, "face", position, 2)
        found = [each.username for each in page.rows] + found
        position = page.previous
    assert found == names[::2]


parts = st.text("abzABZ09", min_size=1, max_size=31)


@pytest.mark.contract("10.92")
@given(first=parts, last=st.one_of(st.none(), parts), separator=st.sampled_from(" ."))
def test_what_begins_a_written_name_begins_the_name(
    first: str, last: str | None, separator: str
) -> None:
    written = first if last is None else f"{first}{separator}{last}"
    name = parse_username(written)
    for length in range(len(written) + 1):
        prefix = parse_prefix(written[:length])
        assert prefix is not None
        assert name.startswith(prefix)
        assert len(prefix) == length
    assert parse_prefix(f"{first} Resident") == first.lower()


@pytest.mark.contract("10.92")
@pytest.mark.parametrize(
    "text", [".", " a", "a..", "a.b.", "a_", "x" * 32, "\u212a", "a\n", "\u0663"]
)
def test_what_begins_no_name(text: str) -> None:
    assert parse_prefix(text) is None
