"""Each change of somebody of a team is an event at the stores that it concerns, and at no other."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec import json, structs

from gridgift.domain import events, operators, second_factor, sessions, stores
from gridgift.domain.events import Event
from gridgift.domain.failures import Failure
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.operators import Operator
from gridgift.domain.second_factor import Proof
from gridgift.domain.sessions import NewSession
from tests.api import JO
from tests.domain.fixture import DomainFixture
from tests.domain.test_events import START, settle
from tests.second_factors import APPS, SEED, recovery_codes, set_up, shown, somebody, wrong

HERE, THERE, ELSEWHERE = "here", "there", "elsewhere"


class Teams:
    """Three stores: Aria is the owner of two and Bo one of the first's; Cy works at the third."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        self.callers = {HERE: domain.caller}
        for name in (THERE, ELSEWHERE):
            store = domain.write(stores.create, stores.NewStore(name, JO), new_id())
            self.callers[name] = structs.replace(domain.caller, store_id=store.id)
        for store_name, name in ((HERE, "Aria"), (THERE, "Aria"), (HERE, "Bo"), (ELSEWHERE, "Cy")):
            self.write(operators.add, self.callers[store_name], name, "owner", new_id())

    @property
    def here(self) -> Caller:
        """Who changes something at the first store."""
        return self.callers[HERE]

    def write(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a write."""
        return self.domain.write(operation, *args, **kwargs)

    def find(self, name: str) -> Operator:
        """Read an operator."""
        found: Operator = self.domain.read(operators.find, name)
        return found

    def set_up(self, name: str = "Aria") -> None:
        """Switch somebody's second factor on."""
        set_up(self.domain, self.here.store_id, self.find(name).id, self.domain.now)

    def told(self) -> dict[str, list[Event]]:
        """Return what each store was told of its team, and find that it tells what the team is."""
        settle(self.domain)
        told = {}
        for name, caller in self.callers.items():
            page = self.domain.read(events.page, caller.store_id, START, 1_000)
            told[name] = [each for each in page.rows if each.type == "operator.changed"]
            self.check(caller.store_id, told[name])
        return told

    def check(self, store_id: str, told: list[Event]) -> None:
        """Find that each event goes on from the one before, and the last ones are the team."""
        known: dict[str, Any] = {}
        for event in told:
            assert (event.subject_kind, event.store_id) == ("operator", store_id)
            before, after = state_of(event, "before"), state_of(event, "after")
            assert known.get(event.subject_id) == before != after
            known[event.subject_id] = after
        team = {
            one.id: {
                "name": one.name, "role": one.role, "hasPassword": one.has_password,
                "hasSecondFactor": one.has_second_factor,
            }
            for one in self.domain.read(operators.team, store_id)
        }  # fmt: skip
        assert {key: state for key, state in known.items() if state is not None} == team

    def changes(self, change: Callable[["Teams"], Any]) -> dict[str, list[Event]]:
        """Do something; return what each store was told of it, at which anybody was."""
        before = self.told()
        change(self)
        after = self.told()
        new = {name: after[name][len(before[name]) :] for name in after}
        return {name: told for name, told in new.items() if told}


@pytest.fixture
def teams(domain: DomainFixture) -> Teams:
    return Teams(domain)


def state_of(event: Event, when: str) -> Any:
    snapshot = getattr(event, when)
    return None if snapshot is None else json.decode(snapshot.state)


def new(token: str) -> NewSession:
    return NewSession(new_id(), token, "192.0.2.1", "Firefox")


def choose_password(teams: Teams, password: str = "encoded") -> None:
    assert teams.write(
        sessions.set_password, teams.here, teams.find("Aria"), password, new(password)
    )


def prove(teams: Teams, operation: Any, proof: Proof, *more: Any) -> Any:
    """Run an operation that takes a proof."""
    who, her_id = somebody(teams.here.store_id), teams.find("Aria").id
    caller = (teams.here,) if operation is second_factor.switch_off else ()
    return teams.write(operation, *caller, who, her_id, APPS, proof, *more)


def code(teams: Teams) -> Proof:
    return Proof(code=shown(teams.find("Aria").id, teams.domain.now))


def take_off(teams: Teams) -> None:
    who = somebody(teams.here.store_id)
    teams.write(second_factor.link_without, teams.here, who, "aria", new_id())


def begin_setting_up(teams: Teams, typed: str) -> None:
    who, spare = somebody(teams.here.store_id), recovery_codes()
    her_id = teams.find("Aria").id
    teams.write(second_factor.set_up, teams.here, who, her_id, APPS, SEED, typed, spare=spare)


# Each operation that changes somebody of a team: how, and which stores are told.
CHANGES: Final[dict[Any, tuple[Callable[[Teams], Any], set[str]]]] = {
    operators.add: (lambda t: t.write(operators.add, t.here, "Cy", "clerk", new_id()), {HERE}),
    operators.hire: (
        lambda t: t.write(operators.hire, t.here, "Di", "clerk", new_id(), "link"), {HERE},
    ),
    operators.change_role: (
        lambda t: t.write(operators.change_role, t.here, t.find("Aria").id, "clerk"), {HERE},
    ),
    operators.dismiss: (
        lambda t: t.write(operators.dismiss, t.here, t.find("Aria").id), {HERE},
    ),
    operators.remove: (lambda t: t.write(operators.remove, t.here, "Aria"), {HERE, THERE}),
    sessions.set_password: (choose_password, {HERE, THERE}),
    second_factor.set_up: (
        lambda t: begin_setting_up(t, code(t).code), {HERE, THERE},
    ),
    second_factor.switch_off: (
        lambda t: prove(t, second_factor.switch_off, code(t)), {HERE, THERE},
    ),
    second_factor.link_without: (take_off, {HERE, THERE}),
}  # fmt: skip
# What tells no store: it reads, notes or locks, or is about links, sign-ins and recovery codes.
NO_CHANGES: Final = {
    operators: {
        "find", "find_any", "team", "member_of", "lock_member", "memberships", "link",
        "link_for_member", "link_holder", "lock_out", "lock_changing", "note_change", "note",
    },
    sessions: {
        "find", "note_use", "begin", "begin_by_link", "awaited", "finish", "list_of", "of_team",
        "end_of_member", "choose", "end", "end_others",
    },
    second_factor: {"find", "codes_left", "prove", "renew_codes"},
}  # fmt: skip


@pytest.mark.parametrize("module", NO_CHANGES)
def test_each_operation_tells_or_changes_nobody(module: Any) -> None:
    """A new one needs its line above."""
    operations = {
        name
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    telling = {each.__name__ for each in CHANGES if each.__module__ == module.__name__}
    assert operations == telling | NO_CHANGES[module]


@pytest.mark.contract("10.168")
@pytest.mark.parametrize("operation", CHANGES, ids=lambda each: each.__name__)
def test_each_change_is_told_once_where_it_counts(teams: Teams, operation: Any) -> None:
    if operation in {second_factor.switch_off, second_factor.link_without}:
        teams.set_up()
    change, expected = CHANGES[operation]
    told = teams.changes(change)
    assert told.keys() == expected
    for (event,) in told.values():
        assert (event.actor_kind, event.actor_id) == ("key", teams.here.actor_id)
        assert event.request_id == teams.here.request_id


@pytest.mark.contract("10.168")
def test_an_event_says_what_the_team_page_shows(teams: Teams) -> None:
    choose_password(teams)
    teams.set_up()
    her_id = teams.find("Aria").id
    teams.write(operators.change_role, teams.here, her_id, "clerk")
    teams.write(operators.remove, teams.here, "Aria", teams.here.store_id)
    told = [each for each in teams.told()[HERE] if each.subject_id == her_id]
    first = {"name": "Aria", "role": "owner", "hasPassword": False, "hasSecondFactor": False}
    states = [state_of(each, "after") for each in told]
    assert [state_of(each, "before") for each in told] == [None, *states[:-1]]
    assert states[0] == first and states[-1] is None
    assert states[3] == first | {"role": "clerk", "hasPassword": True, "hasSecondFactor": True}
    everything = str(told)
    assert not [each for each in ("encoded", SEED, *recovery_codes()) if each in everything]


def change_nothing(teams: Teams) -> None:
    """Do what leaves everybody as they were."""
    aria, domain = teams.find("Aria"), teams.domain
    teams.write(operators.add, teams.here, "ARIA", "owner", new_id())
    teams.write(operators.change_role, teams.here, aria.id, "owner")
    choose_password(teams, "another")
    assert domain.write(sessions.begin, teams.find("Aria"), new("t")) == "signed_in"
    teams.write(operators.link, "Aria", "link")
    assert domain.write(sessions.begin_by_link, "link", new("u")) == "signed_in"
    teams.write(operators.link_for_member, teams.here.store_id, teams.find("Bo").id, "token")
    teams.write(sessions.end_of_member, teams.here.store_id, aria.id)
    assert not teams.write(sessions.set_password, teams.here, aria, "late", new("late"))
    take_off(teams)  # nothing
    assert not prove(teams, second_factor.switch_off, code(teams))


@pytest.mark.contract("10.168")
def test_what_changes_nobody_is_not_told(teams: Teams) -> None:
    choose_password(teams)
    assert teams.changes(change_nothing) == {}
    teams.set_up()
    renew = (second_factor.renew_codes, code(teams), recovery_codes())
    assert teams.changes(lambda t: prove(t, *renew)) == {}


REFUSED: Final[dict[str, Callable[[Teams], Any]]] = {
    "name": lambda t: t.write(operators.add, t.here, "x", "clerk", new_id()),
    "taken": lambda t: t.write(operators.hire, t.here, "Cy", "clerk", new_id(), "link"),
    "only owner": lambda t: t.write(
        operators.change_role, t.callers[THERE], t.find("Aria").id, "clerk"
    ),
    "also dismissed": lambda t: t.write(operators.dismiss, t.callers[THERE], t.find("Aria").id),
    "of another store": lambda t: t.write(operators.dismiss, t.here, t.find("Cy").id),
    "not there": lambda t: t.write(
        operators.remove, t.here, "Aria", t.callers[ELSEWHERE].store_id
    ),
    "wrong code": lambda t: begin_setting_up(t, wrong(t.find("Aria").id, t.domain.now)),
}  # fmt: skip


@pytest.mark.contract("10.168")
@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused_is_not_told(teams: Teams, why: str) -> None:
    def refuse(teams: Teams) -> None:
        with pytest.raises(Failure):
            REFUSED[why](teams)

    assert teams.changes(refuse) == {}


@pytest.mark.contract("10.168")
def test_who_comes_back_is_new(teams: Teams) -> None:
    """Nothing is told of what they had before; and what they did elsewhere is not told here."""
    choose_password(teams)
    teams.write(operators.remove, teams.here, "Aria")
    teams.write(operators.hire, teams.here, "Aria", "clerk", new_id(), "link")
    last = teams.told()[HERE][-1]
    assert state_of(last, "before") is None
    assert state_of(last, "after")["hasPassword"] is False
    assert len(teams.told()[THERE]) == 3  # added, with a password, gone


@pytest.mark.contract("10.168")
def test_changes_at_once_are_told_one_after_the_other(teams: Teams) -> None:
    aria, domain = teams.find("Aria"), teams.domain

    async def all_at_once() -> None:
        write = domain.database.write
        await asyncio.gather(
            write(sessions.set_password, teams.here, aria, "encoded", new("t")),
            write(operators.change_role, teams.here, aria.id, "clerk"),
            write(operators.add, teams.callers[ELSEWHERE], "Aria", "clerk", new_id()),
            write(operators.remove, teams.here, "Aria", teams.callers[THERE].store_id),
        )

    domain.run(all_at_once())
    told = teams.told()  # which finds that each goes on from the one before
    hers = {name: len([each for each in told[name] if each.subject_id == aria.id]) for name in told}
    assert (hers[HERE], hers[ELSEWHERE] in {1, 2}) == (3, True)
    assert state_of(told[THERE][-1], "after") is None
