"""GET and PATCH /ext/v1/store: what the people of a store set on the dashboard."""

from typing import Any

import pytest

from gridgift.domain.stores import MAX_CONTACT, MAX_LIFETIME
from tests.api import OWNER, ApiFixture, problem
from tests.dashboard.people import People
from tests.http.checks import one_engine, unchanged
from tests.http.requests import TEXTURE, at, other_stores_key

PATH = "/ext/v1/store"
PLACE = "https://maps.secondlife.com/secondlife/Moonwall/128/128/23"
SETTINGS: dict[str, Any] = {
    "name": "Möbel & 夢",
    "logo": TEXTURE,
    "locationSlUrl": PLACE,
    "contact": "Aria Moonwall",
    "customerOrigin": "https://cards.example.com",
    "cardLifetime": 30,
    "timeZone": "Europe/Berlin",
    "announce": "link",
}
NONE = {
    "logo": None, "locationSlUrl": "", "contact": "", "customerOrigin": None, "cardLifetime": None
}  # fmt: skip


def settings(api: ApiFixture) -> Any:
    """Read the store with its settings."""
    answer = api.call("GET", PATH)
    assert answer.status_code == 200, answer.text
    return answer.json()


def patch(api: ApiFixture, body: Any, **headers: str) -> Any:
    """Change some of them."""
    return api.call("PATCH", PATH, json=body, headers=headers)


@pytest.mark.contract("10.162", "10.163")
def test_all_settings_are_set_and_read(api: ApiFixture) -> None:
    before = settings(api)
    assert before == api.call("GET", "/v1/store").json() | NONE | {
        "timeZone": "America/Los_Angeles", "announce": "no", "createdAt": before["createdAt"]
    }  # fmt: skip
    changed = patch(api, SETTINGS)
    assert changed.status_code == 200, changed.text
    assert changed.json() == settings(api) == before | SETTINGS
    assert patch(api, NONE).json() == before | SETTINGS | NONE
    assert patch(api, {}).json() == settings(api)
    assert patch(api, {"unknown": 1}).json() == settings(api), "as in other patches"


@pytest.mark.contract("10.162", "10.163")
def test_one_setting_leaves_the_others(api: ApiFixture) -> None:
    assert patch(api, SETTINGS).status_code == 200
    for name, value in (NONE | {"name": "Moonwall", "timeZone": "UTC", "announce": "no"}).items():
        before = settings(api)
        assert patch(api, {name: value}).json() == before | {name: value}


@pytest.mark.contract("10.163")
def test_they_are_those_of_the_dashboard(api: ApiFixture) -> None:
    assert patch(api, SETTINGS).status_code == 200
    page = People(api).signed_in("Aria").get("/dashboard/settings").text
    for name in ("logo", "locationSlUrl", "contact", "customerOrigin", "cardLifetime"):
        assert f'"{SETTINGS[name]}"' in page, name
    assert f"<option selected>{SETTINGS['timeZone']}</option>" in page
    expected = at(api, 30 * 86_400)
    assert api.call("GET", f"/ext/v1/giftcards/{api.grant()['id']}").json()["expiresAt"] == expected


WRONG: dict[str, list[Any]] = {
    "name": ["", " ", "\xa0\u3000", "x" * 129, "a\nb", None, 5],
    "logo": ["x", "", 5],
    "locationSlUrl": ["https://example.com/", "javascript:alert(1)", f"{PLACE}\n", None,
                      f"{PLACE}/{'x' * 500}"],
    "contact": ["x" * (MAX_CONTACT + 1), "\x00", None],
    "customerOrigin": ["https://cards.example.com/", "ftp://a.b", "https://a\n", "", "null"],
    "cardLifetime": [0, MAX_LIFETIME + 1, "30", 1.5, True],
    "timeZone": ["Mars/Olympus", "", "localtime", "../etc/passwd", None],
    "announce": ["maybe", "", None, True],
}  # fmt: skip


@pytest.mark.contract("10.163")
@one_engine
@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(api: ApiFixture, name: str) -> None:
    assert {*WRONG} == {*SETTINGS}
    with unchanged(api):
        for value in WRONG[name]:
            answer = patch(api, {"contact": "somebody", name: value})
            assert list(problem(answer, 400, "validation_failed")["errors"]) == [name], value
        assert patch(api, []).status_code == 400


@pytest.mark.contract("10.164")
def test_an_etag_for_each_state(api: ApiFixture) -> None:
    first = api.call("GET", PATH).headers["etag"]
    seen = {first}
    for name, value in SETTINGS.items():
        changed = patch(api, {name: value}, **{"If-Match": api.call("GET", PATH).headers["etag"]})
        assert changed.status_code == 200, changed.text
        assert changed.headers["etag"] == api.call("GET", PATH).headers["etag"]
        seen.add(changed.headers["etag"])
    assert len(seen) == 1 + len(SETTINGS)
    again = api.call("GET", PATH, headers={"If-None-Match": changed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with unchanged(api):
        problem(patch(api, {"name": "Late"}, **{"If-Match": first}), 412, "precondition_failed")
        weak = f"W/{changed.headers['etag']}"
        problem(patch(api, {"name": "Late"}, **{"If-Match": weak}), 412, "precondition_failed")
    assert patch(api, {"name": "Any"}, **{"If-Match": "*"}).status_code == 200


@pytest.mark.contract("10.163")
def test_each_scope_and_store_for_itself(api: ApiFixture) -> None:
    other = other_stores_key(api, "store:read", "store:write")
    before = settings(api)
    body = {"name": "Elsewhere anew"}
    assert api.call("PATCH", PATH, json=body, key=other).json()["name"] == body["name"]
    assert settings(api) == before
    reader = api.add_key("store:read").key
    with unchanged(api):
        refused = problem(api.call("PATCH", PATH, json=body, key=reader), 403, "scope_missing")
    assert "store:write" in refused["detail"]
    writer = api.add_key("store:write").key
    problem(api.call("GET", PATH, key=writer), 403, "scope_missing")
    assert before["ownerUsername"] == OWNER.username


@pytest.mark.contract("10.163")
def test_a_key_sets_them_once(api: ApiFixture) -> None:
    first = patch(api, {"name": "First"}, **{"Idempotency-Key": "k"})
    assert patch(api, {"name": "Second"}).status_code == 200
    again = patch(api, {"name": "First"}, **{"Idempotency-Key": "k"})
    assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
    assert settings(api)["name"] == "Second"


@pytest.mark.contract("10.163")
def test_what_a_program_changed_stands_in_audit(api: ApiFixture) -> None:
    once = {"Idempotency-Key": "once", "User-Agent": "Till/1"}
    (events,) = api.sql("SELECT count(*) FROM events")
    for _ in range(2):
        assert patch(api, {"name": "Moonwall", "contact": "Aria"}, **once).status_code == 200
    patch(api, {"name": "Moonwall"})  # which it is called already
    problem(patch(api, {"name": ""}), 400, "validation_failed")
    problem(patch(api, {"contact": "Jo"}, **{"If-Match": '"other"'}), 412, "precondition_failed")
    query = "SELECT deed, operator, about, browser FROM operator_actions"
    name = api.sql("SELECT name FROM api_keys")[0][0]
    assert api.sql(query) == [("settings_changed", f"API key {name}", "name, contact", "Till/1")]
    assert api.sql("SELECT count(*) FROM events") == [events]
    page = People(api).signed_in("Aria").get("/dashboard/audit").text
    assert f"API key {name}" in page and "changed the settings: name, contact" in page
