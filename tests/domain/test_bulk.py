"""Many grants in one transaction, and the usernames that their rows give (contract section 10)."""

import asyncio
import uuid
from collections import Counter
from typing import Any

import pytest

from gridgift.domain import bulk, imports, residents, undoing, verify
from gridgift.domain.bulk import GrantRow, Row, Skipped
from gridgift.domain.failures import (
    ResidentNotFound,
    RowsRefused,
    UsernameTaken,
    ValidationFailed,
)
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.import_failures import ImportTaken
from gridgift.domain.model import Labels, Resident
from gridgift.domain.residents import Identifier
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture

NEW = Resident(str(uuid.UUID(int=7)), "fresh.face")
RENAMED = Resident(KELLY.uuid, "kelly.stormwind")
REFUSED = Resident(str(uuid.UUID(int=8)), "late.face")


def named(resident: Resident, **terms: int) -> GrantRow:
    """Ask for a card by UUID, and give the present username."""
    return GrantRow(Identifier(uuid=resident.uuid), Terms(5, **terms), resident.username)


def rows(domain: DomainFixture) -> list[Row]:
    """Ask for cards of a new, a renamed, a refused and a wrongly named resident; skip one."""
    taken = GrantRow(Identifier(uuid=JO.uuid), Terms(5), KELLY.username)
    late = named(REFUSED, expires_at=domain.now)
    return [named(NEW), named(RENAMED), late, taken, Skipped()]


def known(domain: DomainFixture, name: str) -> str | None:
    """Return the UUID of whom a username is known to be."""
    try:
        return domain.read(residents.find, domain.store.id, Identifier(username=name)).uuid
    except ResidentNotFound:
        return None


def test_usernames_are_noted_for_rows_that_may_be_granted(domain: DomainFixture) -> None:
    ids = [new_id() for _ in range(5)]
    outcomes = domain.write(bulk.grant, domain.caller, rows(domain), ids, remember=True)
    assert outcomes[:2] == ids[:2]
    assert isinstance(outcomes[2], ValidationFailed)
    assert isinstance(outcomes[3], UsernameTaken)
    assert outcomes[3].holder == KELLY.uuid
    assert outcomes[4] == Skipped()
    assert domain.card(ids[0]).owner_username == NEW.username
    assert domain.card(ids[1]).owner_username == RENAMED.username
    assert known(domain, KELLY.username) == KELLY.uuid
    assert known(domain, REFUSED.username) is None
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(2,)]


@pytest.mark.contract("10.89")
def test_a_stores_rows_name_only_whom_nobody_knows(domain: DomainFixture) -> None:
    ids = [new_id() for _ in range(5)]
    outcomes = domain.write(bulk.grant, domain.caller, rows(domain), ids)
    assert outcomes[:2] == ids[:2]
    assert outcomes[3] == ids[3]
    owners = [domain.card(ids[n]).owner_username for n in (0, 1, 3)]
    assert owners == [NEW.username, KELLY.username, JO.username]
    assert known(domain, NEW.username) == NEW.uuid
    assert known(domain, RENAMED.username) is known(domain, REFUSED.username) is None
    assert domain.sql(f"SELECT 1 FROM residents WHERE uuid = '{REFUSED.uuid}'") == []


def test_an_operators_row_that_was_granted_before_is_skipped(domain: DomainFixture) -> None:
    terms = Terms(5, labels=Labels("order 7"))
    row = GrantRow(Identifier(uuid=NEW.uuid), terms, NEW.username)
    for ids in ([new_id(), new_id()], [new_id(), new_id()]):
        outcomes = domain.write(bulk.grant, domain.caller, [row, row], ids, remember=True)
        assert isinstance(outcomes[1], Skipped)
    assert isinstance(outcomes[0], Skipped)
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(1,)]


@pytest.mark.contract("10.89")
def test_atomic_rows_of_which_one_is_refused_name_nobody(domain: DomainFixture) -> None:
    ids = [new_id() for _ in range(5)]
    with pytest.raises(RowsRefused):
        domain.write(bulk.grant, domain.caller, rows(domain), ids, atomic=True)
    assert known(domain, NEW.username) is None
    assert domain.sql(f"SELECT 1 FROM residents WHERE uuid = '{NEW.uuid}'") == []


def test_a_check_says_what_a_grant_would_and_changes_nothing(domain: DomainFixture) -> None:
    outcomes = domain.write(bulk.check, domain.store.id, rows(domain))
    assert outcomes[:2] == [None, None]
    assert [type(outcome) for outcome in outcomes[2:]] == [
        ValidationFailed, UsernameTaken, Skipped,
    ]  # fmt: skip
    assert known(domain, NEW.username) is known(domain, RENAMED.username) is None
    assert domain.read(residents.find, domain.store.id, Identifier(uuid=KELLY.uuid)) == KELLY
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(0,)]


def test_an_import_notes_usernames_and_how_far_it_is(domain: DomainFixture) -> None:
    begun = domain.write(imports.begin, domain.store.id, b"\1" * 32, again=False)
    ids = [new_id() for _ in range(5)]
    after = domain.write(imports.grant, domain.caller, begun, rows(domain), ids)
    assert (after.rows_done, after.granted, after.refused, after.skipped) == (5, 2, 2, 1)
    assert known(domain, NEW.username) == NEW.uuid


def test_what_another_run_did_is_not_done_again(domain: DomainFixture) -> None:
    begun = domain.write(imports.begin, domain.store.id, b"\1" * 32, again=False)
    domain.write(imports.grant, domain.caller, begun, [named(NEW)], [new_id()])
    with pytest.raises(ImportTaken):
        domain.write(imports.grant, domain.caller, begun, [named(NEW)], [new_id()])
    assert domain.sql("SELECT count(*) FROM gift_cards") == [(1,)]


def test_an_import_that_broke_off_is_undone_and_stops(domain: DomainFixture) -> None:
    """Its run finds that at its next rows; nothing that it left keeps it from beginning anew."""
    store_id, digest = domain.store.id, b"\1" * 32
    begun = domain.write(imports.begin, store_id, digest, again=False)
    after = domain.write(
        imports.grant, domain.caller, begun, rows(domain), [new_id() for _ in range(5)]
    )
    which = domain.read(undoing.find, store_id, digest.hex()[:6])
    domain.write(undoing.begin, which)
    with pytest.raises(ImportTaken):
        domain.write(imports.grant, domain.caller, after, [named(NEW)], [new_id()])
    undone = domain.write(undoing.undo, domain.caller, which)
    assert [each.fate for each in undone] == ["disabled", "disabled"]
    assert domain.write(undoing.undo, domain.caller, which, undone[-1].card_id) == []
    faults: list[Any] = []
    domain.read(verify.verify, faults.append, lambda seen: None)
    assert faults == []
    anew = domain.write(imports.begin, store_id, digest, again=False)
    assert (anew.rows_done, anew.granted, anew.refused, anew.undone_at) == (0, 0, 0, None)
    ids = [new_id() for _ in range(5)]
    assert domain.write(imports.grant, domain.caller, anew, rows(domain), ids).rows_done == 5


def test_two_undo_at_once(domain: DomainFixture) -> None:
    """Each card is disabled once; of the two, one finds that it was done."""
    store_id, digest = domain.store.id, b"\1" * 32
    begun = domain.write(imports.begin, store_id, digest, again=False)
    domain.write(imports.grant, domain.caller, begun, [named(NEW)] * 50, new_ids(50))
    which = domain.read(undoing.find, store_id, digest.hex())

    async def twice() -> list[Any]:
        runs = (domain.database.write(undoing.undo, domain.caller, which) for _ in range(2))
        return await asyncio.gather(*runs)

    fates = Counter(each.fate for undone in domain.run(twice()) for each in undone)
    assert fates == {"disabled": 50, "disabled_before": 50}
    assert domain.sql("SELECT count(*) FROM entries WHERE kind = 'disabled'") == [(50,)]


def new_ids(number: int) -> list[str]:
    """Choose ids of new cards."""
    return [new_id() for _ in range(number)]
