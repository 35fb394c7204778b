"""Operators and their sessions, on both engines, and two at once."""

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec import structs

from gridgift.domain import operators, sessions
from gridgift.domain.failures import OperatorNotFound, StoreNotFound, ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.operators import Operator
from gridgift.domain.sessions import NewSession
from tests.domain.fixture import DomainFixture

UNKNOWN = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"


def new(token: str, browser: str = "") -> NewSession:
    return NewSession(new_id(), token, "192.0.2.1", browser)


def add(domain: DomainFixture, name: str, role: str = "owner") -> Operator:
    """Let somebody work at the store."""
    domain.write(operators.add, domain.caller, name, role, new_id())
    operator: Operator = domain.read(operators.find, name)
    return operator


def test_a_name_is_one_persons_whatever_its_case(domain: DomainFixture) -> None:
    first, again = add(domain, "Ärïa"), add(domain, "äRÏA", "clerk")
    assert first.id == again.id
    assert [one.role for one in domain.read(operators.team, domain.store.id)] == ["clerk"]


@pytest.mark.parametrize("name", ["", "x", "x" * 65, " aria", "aria ", "a  b", "a\nb", "a\u202eb"])
def test_names_that_are_refused(domain: DomainFixture, name: str) -> None:
    with pytest.raises(ValidationFailed, match="name"):
        add(domain, name)


def test_who_is_not_there(domain: DomainFixture) -> None:
    add(domain, "Aria")
    with pytest.raises(StoreNotFound):
        domain.write(
            operators.add, structs.replace(domain.caller, store_id=UNKNOWN), "Bo", "clerk", new_id()
        )
    with pytest.raises(OperatorNotFound):
        domain.write(operators.remove, domain.caller, "Bo")
    with pytest.raises(OperatorNotFound):
        domain.write(operators.remove, domain.caller, "Aria", UNKNOWN)
    domain.write(operators.remove, domain.caller, "Aria")
    with pytest.raises(OperatorNotFound):  # known, and works nowhere
        domain.write(operators.link, "Aria", "token")


def test_a_session_opens_no_store_that_was_left(domain: DomainFixture) -> None:
    aria = add(domain, "Aria")
    assert domain.write(sessions.begin, aria, new("t")) == "signed_in"
    found = domain.read(sessions.find, "t")
    assert found.here.store_id == domain.store.id
    domain.sql("DELETE FROM operator_stores")
    assert domain.read(sessions.find, "t") is None


def test_a_session_does_not_begin_with_a_password_that_was_changed(domain: DomainFixture) -> None:
    """The old one was checked a moment ago, outside of the transaction."""
    aria = add(domain, "Aria")
    assert domain.write(sessions.set_password, domain.caller, aria, "encoded", new("first"))
    assert domain.write(sessions.begin, aria, new("late")) == "refused"
    assert not domain.write(sessions.set_password, domain.caller, aria, "other", new("later"))
    assert domain.read(sessions.find, "late") is None
    assert domain.read(sessions.find, "first") is not None


@pytest.mark.parametrize(("days", "trusts_age"), [(400, True), (8, False)])
def test_a_clock_that_may_be_wrong_ends_no_other_session(
    domain: DomainFixture, days: int, trusts_age: bool
) -> None:
    """A month ahead of the newest card, or ahead of how it went, as the caller has seen."""
    domain.grant()
    aria = add(domain, "Aria")
    domain.write(sessions.begin, aria, new("t"))
    domain.now += days * DAY
    domain.write(sessions.begin, aria, msgspec.structs.replace(new("u"), trusts_age=trusts_age))
    domain.now -= days * DAY
    assert domain.read(sessions.find, "t") is not None


def test_what_a_browser_calls_itself_is_cut(domain: DomainFixture) -> None:
    aria = add(domain, "Aria")
    domain.write(sessions.begin, aria, new("t", "a\u202eb\x00c" + "x" * 10_000))
    (session,) = domain.read(sessions.list_of, aria.id)
    assert session.browser == "abc" + "x" * 197


def test_a_link_is_used_once_by_many_at_once(domain: DomainFixture) -> None:
    add(domain, "Aria")
    domain.write(operators.link, "Aria", "link")

    async def all_at_once() -> list[str]:
        tries = (
            domain.database.write(sessions.begin_by_link, "link", new(f"t{n}")) for n in range(8)
        )
        return await asyncio.gather(*tries)

    assert sorted(domain.run(all_at_once())) == ["refused"] * 7 + ["signed_in"]
    assert len(domain.sql("SELECT id FROM operator_sessions")) == 1


def test_two_owners_do_not_both_leave(domain: DomainFixture) -> None:
    ids = [add(domain, name).id for name in ("Aria", "Bo")]

    async def both() -> list[Any]:
        tries = (
            domain.database.write(operators.change_role, domain.caller, one, "clerk") for one in ids
        )
        return await asyncio.gather(*tries, return_exceptions=True)

    kinds = [isinstance(answer, ValidationFailed) for answer in domain.run(both())]
    assert sorted(kinds) == [False, True]
    roles = [one.role for one in domain.read(operators.team, domain.store.id)]
    assert sorted(roles) == ["clerk", "owner"]


def test_who_signs_in_while_the_password_changes_is_out(domain: DomainFixture) -> None:
    aria = add(domain, "Aria")

    async def both() -> list[Any]:
        return await asyncio.gather(
            domain.database.write(sessions.begin, aria, new("thief")),
            domain.database.write(
                sessions.set_password, domain.caller, aria, "encoded", new("owner")
            ),
        )

    domain.run(both())
    assert domain.read(sessions.find, "thief") is None
    assert domain.read(sessions.find, "owner") is not None
