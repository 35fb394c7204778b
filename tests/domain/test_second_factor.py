"""The second factor, on both engines: codes that count once, recovery codes, and two at once."""

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec import structs

from gridgift.domain import actions, operators, second_factor, sessions, stores
from gridgift.domain.failures import OperatorNotFound, ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.operators import Operator
from gridgift.domain.paging import Position
from gridgift.domain.second_factor import CODES, MOST_WRONG, PAUSE, STEP, AppSecrets, Proof
from gridgift.domain.sessions import CODE_WITHIN, NewSession
from tests.api import JO
from tests.domain.fixture import DomainFixture
from tests.second_factors import APPS, SEED, recovery_codes, set_up, shown, somebody, wrong


class Desk:
    """An operator of the store who has a second factor."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        domain.write(operators.add, domain.caller, "Aria", "owner", new_id())
        self.operator: Operator = domain.read(operators.find, "Aria")
        self.codes = set_up(domain, domain.store.id, self.operator.id, domain.now)

    @property
    def shows(self) -> str:
        """What the app shows now."""
        return shown(self.operator.id, self.domain.now)

    @property
    def wrong(self) -> str:
        """What it does not show."""
        return wrong(self.operator.id, self.domain.now)

    def begin(self, token: str = "waits") -> str:
        """Come with the right password."""
        outcome: str = self.domain.write(sessions.begin, self.operator, new(token))
        return outcome

    def finish(self, proof: Proof, token: str = "waits") -> str:
        """Send a code."""
        outcome: str = self.domain.write(sessions.finish, token, APPS, proof, new(f"{token} in"))
        return outcome

    def signs_in(self, proof: Proof) -> bool:
        """Come with the right password, and send a code."""
        token = new_id()
        assert self.begin(token) == "code_wanted"
        return self.finish(proof, token) == "signed_in"

    def deeds(self) -> list[tuple[str, str]]:
        """Return what was recorded, oldest first."""
        position, store_id = Position(), self.domain.store.id
        rows = self.domain.read(actions.list_of, store_id, position, 100).rows
        return [(row.deed, row.about) for row in rows[::-1]]


def new(token: str) -> NewSession:
    return NewSession(new_id(), token, "192.0.2.1", "Firefox")


def code_of(code: str) -> Proof:
    return Proof(code=code)


@pytest.fixture
def desk(domain: DomainFixture) -> Desk:
    return Desk(domain)


def test_a_password_alone_opens_nothing(desk: Desk) -> None:
    assert desk.begin() == "code_wanted"
    assert desk.domain.read(sessions.find, "waits") is None
    assert desk.finish(code_of(desk.shows)) == "signed_in"
    assert desk.domain.read(sessions.find, "waits in").operator == desk.operator
    assert desk.domain.read(sessions.find, "waits") is None
    assert desk.domain.sql("SELECT count(*) FROM operator_sign_ins") == [(0,)]


@pytest.mark.parametrize(("days", "trusts_age"), [(400, True), (8, False)])
def test_a_clock_that_may_be_wrong_ends_no_other_sign_in(
    desk: Desk, days: int, trusts_age: bool
) -> None:
    desk.domain.grant()
    assert desk.begin() == "code_wanted"
    desk.domain.now += days * DAY
    elsewhere = msgspec.structs.replace(new("elsewhere"), trusts_age=trusts_age)
    assert desk.domain.write(sessions.begin, desk.operator, elsewhere) == "code_wanted"
    desk.domain.now -= days * DAY
    assert desk.finish(code_of(desk.shows)) == "signed_in"


def test_a_link_alone_opens_nothing(desk: Desk) -> None:
    desk.domain.write(operators.link, "Aria", "link")
    assert desk.domain.write(sessions.begin_by_link, "link", new("waits")) == "code_wanted"
    assert desk.domain.read(sessions.find, "waits") is None
    assert desk.finish(code_of(desk.shows)) == "signed_in"
    assert desk.domain.read(sessions.find, "waits in").session.by_link


@pytest.mark.parametrize("steps", range(-3, 4))
def test_the_codes_of_the_steps_beside_this_one_count(desk: Desk, steps: int) -> None:
    desk.domain.now += 10 * STEP
    code = shown(desk.operator.id, desk.domain.now + steps * STEP)
    assert desk.signs_in(code_of(code)) == (abs(steps) <= 1)


def test_a_code_counts_once(desk: Desk) -> None:
    desk.domain.now += 10 * STEP
    earlier = shown(desk.operator.id, desk.domain.now - STEP)
    assert desk.signs_in(code_of(f" {desk.shows[:3]} {desk.shows[3:]}"))
    assert not desk.signs_in(code_of(desk.shows))
    assert not desk.signs_in(code_of(earlier))  # of a step before one that was taken
    desk.domain.now += STEP
    assert desk.signs_in(code_of(desk.shows))


def test_of_two_sign_ins_with_one_code_one_gets_in(desk: Desk) -> None:
    for number in range(6):
        desk.begin(f"t{number}")

    async def all_at_once() -> list[str]:
        proof, database = code_of(desk.shows), desk.domain.database
        tries = (
            database.write(sessions.finish, f"t{n}", APPS, proof, new(f"in {n}")) for n in range(6)
        )
        return await asyncio.gather(*tries)

    assert sorted(desk.domain.run(all_at_once())) == ["refused"] * 5 + ["signed_in"]
    assert len(desk.domain.sql("SELECT id FROM operator_sessions")) == 1


def test_a_browser_that_waits_gets_one_session(desk: Desk) -> None:
    """Two requests of one browser at once, with codes that are both right."""
    desk.domain.now += 10 * STEP
    proofs = [code_of(desk.shows), Proof(recovery_code=desk.codes[0])]
    desk.begin()

    async def both() -> list[str]:
        tries = (
            desk.domain.database.write(sessions.finish, "waits", APPS, proof, new(f"in {n}"))
            for n, proof in enumerate(proofs)
        )
        return await asyncio.gather(*tries)

    assert sorted(desk.domain.run(both())) == ["signed_in", "too_late"]
    assert len(desk.domain.sql("SELECT id FROM operator_sessions")) == 1


def test_the_code_must_come_within_ten_minutes(desk: Desk) -> None:
    desk.begin()
    desk.domain.now += CODE_WITHIN - 1
    assert desk.domain.read(sessions.awaited, "waits") == desk.operator
    desk.domain.now += 1
    assert desk.domain.read(sessions.awaited, "waits") is None
    assert desk.finish(code_of(desk.shows)) == "too_late"
    desk.begin("another")  # forgets those that are over
    assert desk.domain.sql("SELECT count(*) FROM operator_sign_ins") == [(1,)]


def test_another_password_ends_what_waits_for_a_code(desk: Desk) -> None:
    desk.begin()
    assert desk.domain.write(
        sessions.set_password, desk.domain.caller, desk.operator, "encoded", new("owner")
    )
    assert desk.finish(code_of(desk.shows)) == "too_late"
    assert desk.domain.read(second_factor.find, desk.operator.id) is not None  # it stays on


def test_a_recovery_code_counts_once_however_it_is_typed(desk: Desk) -> None:
    first, second = desk.codes[:2]
    assert desk.signs_in(Proof(recovery_code=first.lower().replace("-", " ")))
    assert not desk.signs_in(Proof(recovery_code=first))
    assert desk.domain.read(second_factor.codes_left, desk.operator.id) == CODES - 1
    assert desk.signs_in(Proof(recovery_code=second))
    assert desk.deeds() == [
        ("second_factor_set_up", ""),
        ("signed_in_by_recovery_code", ""),
        ("signed_in_by_recovery_code", ""),
    ]


def test_somebody_elses_code_does_not_count(desk: Desk) -> None:
    desk.domain.write(operators.add, desk.domain.caller, "Bo", "clerk", new_id())
    bo = desk.domain.read(operators.find, "Bo")
    who, domain = somebody(desk.domain.store.id), desk.domain
    own = second_factor.write_codes([bytes([99]) * 10])
    domain.write(
        second_factor.set_up, domain.caller, who, bo.id, APPS, SEED, shown(bo.id, domain.now),
        spare=own,
    )  # fmt: skip
    assert not desk.signs_in(code_of(shown(bo.id, domain.now + STEP)))
    assert not desk.signs_in(Proof(recovery_code=own[0]))
    assert domain.read(second_factor.codes_left, bo.id) == 1


def test_after_too_many_wrong_codes_none_is_looked_at(desk: Desk) -> None:
    desk.domain.now += 10 * STEP
    for _ in range(MOST_WRONG):
        assert not desk.signs_in(code_of(desk.wrong))
    desk.domain.now += PAUSE - 1
    with pytest.raises(ValidationFailed, match="too often"):
        desk.signs_in(code_of(desk.shows))
    assert desk.signs_in(Proof(recovery_code=desk.codes[0]))
    desk.domain.now += 1
    assert not desk.signs_in(code_of(desk.wrong))  # and the pause begins anew
    with pytest.raises(ValidationFailed, match="too often"):
        desk.signs_in(code_of(desk.shows))
    desk.domain.now += PAUSE
    assert desk.signs_in(code_of(desk.shows))
    assert not desk.signs_in(code_of(desk.wrong))  # the count began anew


def test_a_clock_that_is_set_back_makes_no_pause_longer(desk: Desk) -> None:
    desk.domain.now += 10 * STEP + DAY
    for _ in range(MOST_WRONG):
        assert not desk.signs_in(code_of(desk.wrong))
    desk.domain.now -= DAY
    assert desk.signs_in(code_of(desk.shows))


def test_nothing_is_on_before_a_code_was_right(domain: DomainFixture) -> None:
    domain.write(operators.add, domain.caller, "Aria", "owner", new_id())
    aria, codes = domain.read(operators.find, "Aria"), recovery_codes()
    for code in (wrong(aria.id, domain.now), "", "12345\u0666"):
        who = somebody(domain.store.id)
        with pytest.raises(ValidationFailed, match="code"):
            domain.write(
                second_factor.set_up, domain.caller, who, aria.id, APPS, SEED, code, spare=codes
            )
    assert domain.write(sessions.begin, aria, new("t")) == "signed_in"
    assert domain.sql("SELECT count(*) FROM operator_recovery_codes") == [(0,)]


def test_it_is_set_up_once(desk: Desk) -> None:
    with pytest.raises(ValidationFailed, match="on already"):
        set_up(desk.domain, desk.domain.store.id, desk.operator.id, desk.domain.now)


@pytest.mark.parametrize("means", ["a code", "a recovery code", "the password"])
def test_it_is_switched_off_by_whoever_shows_who_they_are(desk: Desk, means: str) -> None:
    proofs = {
        "a code": code_of(desk.shows),
        "a recovery code": Proof(recovery_code=desk.codes[0]),
        "the password": Proof(password="encoded"),
    }
    desk.domain.sql("UPDATE operators SET password = 'encoded'")
    refused = [code_of(desk.wrong), Proof(recovery_code="AAAAA"), Proof(password="old")]
    for proof in refused:
        assert not switch_off(desk, proof)
    assert switch_off(desk, proofs[means])
    assert desk.deeds()[1:] == [("second_factor_ended", means)]
    assert desk.domain.read(second_factor.find, desk.operator.id) is None
    assert desk.domain.sql("SELECT count(*) FROM operator_recovery_codes") == [(0,)]
    assert not switch_off(desk, proofs["a code"])  # it is off


def switch_off(desk: Desk, proof: Proof) -> Any:
    who = somebody(desk.domain.store.id)
    return desk.domain.write(
        second_factor.switch_off, desk.domain.caller, who, desk.operator.id, APPS, proof
    )


def test_new_recovery_codes_end_the_old_ones(desk: Desk) -> None:
    fresh = second_factor.write_codes([bytes([50 + number]) * 10 for number in range(CODES)])
    who, domain = somebody(desk.domain.store.id), desk.domain
    renew = (second_factor.renew_codes, who, desk.operator.id, APPS)
    assert not domain.write(*renew, code_of(desk.wrong), fresh)
    assert domain.write(*renew, Proof(recovery_code=desk.codes[0]), fresh)
    assert domain.read(second_factor.codes_left, desk.operator.id) == CODES
    assert not desk.signs_in(Proof(recovery_code=desk.codes[1]))
    assert desk.signs_in(Proof(recovery_code=fresh[0]))
    assert desk.deeds()[1] == ("recovery_codes_made", "a recovery code")


def test_the_shell_helps_who_has_lost_everything(desk: Desk) -> None:
    who, domain = somebody(desk.domain.store.id), desk.domain
    made = domain.write(second_factor.link_without, domain.caller, who, "aria", "link")
    assert made.operator == desk.operator
    assert domain.write(sessions.begin_by_link, "link", new("t")) == "signed_in"
    assert desk.deeds()[1] == ("second_factor_taken_off", "Aria")
    again = domain.write(second_factor.link_without, domain.caller, who, "Aria", "link")
    assert again.operator == desk.operator  # nothing is left to take off
    assert [deed for deed, _ in desk.deeds()].count("second_factor_taken_off") == 1
    with pytest.raises(OperatorNotFound):
        domain.write(second_factor.link_without, domain.caller, who, "Nobody", "link")


def test_it_is_told_at_each_store_of_the_operators(desk: Desk) -> None:
    domain = desk.domain
    other = domain.write(stores.create, stores.NewStore("Elsewhere", JO), new_id())
    domain.write(
        operators.add, structs.replace(domain.caller, store_id=other.id), "Aria", "clerk", new_id()
    )
    assert switch_off(desk, code_of(desk.shows))
    told = domain.read(actions.list_of, other.id, Position(), 9).rows
    assert [action.deed for action in told] == ["second_factor_ended"]


def test_no_secret_and_no_code_is_stored(desk: Desk) -> None:
    everything = desk.domain.everything()
    for text in (APPS.of(desk.operator.id, SEED), *desk.codes, desk.codes[0].replace("-", "")):
        assert text.encode() not in everything
    assert SEED.encode() in everything


def test_another_secret_of_the_servers_makes_other_codes(desk: Desk) -> None:
    other = AppSecrets(b"another secret, as long as it has to be")
    assert other.of(desk.operator.id, SEED) != APPS.of(desk.operator.id, SEED)
    desk.begin()
    args = (sessions.finish, "waits", other)
    assert desk.domain.write(*args, code_of(desk.shows), new("t")) == "refused"
    recovery = Proof(recovery_code=desk.codes[0])
    assert desk.domain.write(*args, recovery, new("t")) == "signed_in"
