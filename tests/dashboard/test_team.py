"""The team of a store."""

import re

import pytest

from gridgift.domain import operators
from tests.api import JO, ApiFixture, operator
from tests.dashboard.people import Browser, People
from tests.http.checks import one_engine

TEAM = "/dashboard/team"


def test_somebody_is_added_and_signs_in(people: People, aria: Browser) -> None:
    aria.get(TEAM)
    page = aria.post(TEAM, {"name": "Bo", "role": "clerk"})
    assert page.status_code == 200
    address = re.search(r'value="http://shop.test(/dashboard/link/[\w-]{43})"', page.text)
    assert address is not None
    bo = people.browser()
    bo.get(address[1])
    assert bo.post(address[1]).status_code == 303
    assert bo.is_signed_in()
    assert bo.get(TEAM).status_code == 403
    assert address[1] not in aria.get(TEAM).text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "ARIA"}, "Is in your team already."),
        ({"name": "Stranger"}, "Is not free: take another one, or have whoever"),
        ({"name": " "}, "Is required."),
        ({"name": "x"}, "Must have 2 to 64 printable characters"),
        ({"name": "a\u202eb"}, "Must have 2 to 64 printable characters"),
        ({"name": "Bo", "role": "king"}, "Must be one of clerk, owner"),
    ],
)
@one_engine
def test_who_can_not_be_added(
    api: ApiFixture, people: People, aria: Browser, fields: dict[str, str], why: str
) -> None:
    people.add("Stranger", "clerk", api.add_store("Elsewhere", JO))
    aria.get(TEAM)
    response = aria.post(TEAM, fields)
    assert response.status_code == 400
    assert why in response.text
    assert api.sql("SELECT count(*) FROM operator_stores") == [(2,)]


@one_engine
def test_a_name_that_nobody_works_under_is_begun_anew(
    api: ApiFixture, people: People, aria: Browser
) -> None:
    """Whoever had it may be somebody else."""
    other = people.with_password("Stranger", "clerk")
    api.sql(f"INSERT INTO operator_second_factors VALUES ('{other_id(api)}', 'seed', 1, 1, 0, 0)")
    api.write(operators.remove, operator(api.store.id), "Stranger")
    aria.get(TEAM)
    page = aria.post(TEAM, {"name": "stranger", "role": "clerk"})
    assert page.status_code == 200
    assert "has chosen no password yet" in page.text and "second factor" not in page.text
    assert other.sign_in("Stranger").status_code == 401
    new = people.browser()
    new.use_link(page.text.partition("/dashboard/link/")[2][:43])
    assert new.is_signed_in()


@one_engine
def test_names_are_not_tried_out(people: People, aria: Browser) -> None:
    people.add("Stranger", "clerk", people.api.add_store("Elsewhere", JO))
    aria.get(TEAM)
    tried = [aria.post(TEAM, {"name": "Stranger"}).status_code for _ in range(11)]
    assert tried == [400] * 10 + [429]
    people.api.clock.advance(61)
    assert aria.post(TEAM, {"name": "Newcomer"}).status_code == 200


def other_id(api: ApiFixture) -> str:
    """Return the id of somebody who works elsewhere."""
    found: str = api.read(operators.find, "Stranger").id
    return found


def test_roles_change_and_an_owner_stays(people: People, aria: Browser, bo: Browser) -> None:
    team = people.api.read(operators.team, people.api.store.id)
    me, other = (member.id for member in team)
    aria.get(TEAM)
    for action, fields in (("role", {"role": "clerk"}), ("dismiss", {})):
        kept = aria.press(f"{TEAM}/{me}/{action}", fields)
        assert kept.status_code == 400
        assert "Aria is the store&#39;s only owner" in kept.text
    assert aria.press(f"{TEAM}/{other}/role", {"role": "owner"}).status_code == 303
    assert bo.get(TEAM).status_code == 200
    assert "Bo is an owner now." in aria.get(TEAM).text
    assert aria.press(f"{TEAM}/{me}/role", {"role": "clerk"}).status_code == 303
    assert aria.get(TEAM).status_code == 403


def test_somebody_dismissed_is_out_at_once(people: People, aria: Browser, bo: Browser) -> None:
    other = people.api.read(operators.find, "Bo").id
    link = people.link("Bo")
    aria.get(TEAM)
    assert aria.press(f"{TEAM}/{other}/dismiss").status_code == 303
    assert not bo.is_signed_in()
    assert people.browser().get(f"/dashboard/link/{link}").status_code == 401
    assert "Bo is not in your team any more" in aria.get(TEAM).text
    assert aria.press(f"{TEAM}/{other}/dismiss").status_code == 404


@one_engine
def test_an_owner_signs_somebody_out(people: People, aria: Browser, bo: Browser) -> None:
    aria.get(TEAM)
    other = people.api.read(operators.find, "Bo").id
    assert aria.press(f"{TEAM}/{other}/sign-out").status_code == 303
    assert not bo.is_signed_in()


@one_engine
def test_no_link_into_another_store(api: ApiFixture, people: People, aria: Browser) -> None:
    """Whoever may make somebody's link may become them: so nobody at two stores is given away."""
    people.add("Bo", "clerk")
    people.add("Bo", "owner", api.add_store("Elsewhere", JO))
    other = api.read(operators.find, "Bo").id
    aria.get(TEAM)
    response = aria.press(f"{TEAM}/{other}/link")
    assert response.status_code == 400
    assert "For Bo only whoever runs this server can make a link." in response.text
    assert "another store" not in response.text
    assert api.sql("SELECT count(*) FROM operator_links") == [(0,)]


@pytest.mark.contract("10.168")
@one_engine
def test_programs_hear_what_changes_in_the_team(
    api: ApiFixture, people: People, aria: Browser
) -> None:
    people.add("Stranger", "clerk", api.add_store("Elsewhere", JO))
    aria.get(TEAM)
    aria.post(TEAM, {"name": "Bo", "role": "clerk"})
    bo = api.read(operators.find, "Bo").id
    aria.press(f"{TEAM}/{bo}/role", {"role": "owner"})
    aria.press(f"{TEAM}/{bo}/sign-out")
    aria.press(f"{TEAM}/{bo}/dismiss")
    told = api.call("GET", "/ext/v1/events", params={"types": "operator.changed"}).json()["data"]
    hers, *bos = told
    assert hers["after"] == {
        "name": "Aria", "role": "owner", "hasPassword": False, "hasSecondFactor": False
    }  # fmt: skip
    assert [each["about"] for each in bos] == [{"operatorId": bo}] * 3
    assert [each["actor"] for each in bos] == [{"kind": "operator", "id": "Aria"}] * 3
    roles = [each["after"] and each["after"]["role"] for each in bos]
    assert (bos[0]["before"], roles) == (None, ["clerk", "owner", None])
    assert "Stranger" not in str(told)
