"""``/ext/v1/units``: the store makes units, changes, pairs and revokes them."""

import json
from itertools import pairwise
from typing import Any, Final

import pytest

from gridgift.domain import claims, codes, units
from gridgift.domain.claims import Claimant
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from tests.api import JO, KELLY, ApiFixture, problem
from tests.domain.test_claims import stranger
from tests.http.in_world import InWorldObject
from tests.http.requests import make_unit, other_stores_key

PATH: Final = "/ext/v1/units"
DEFAULTS: Final = {
    "credit": 100, "texture": None, "groupOnly": False, "transferable": False,
    "startsAt": None, "endsAt": None, "maxCards": None, "maxCardsADay": None, "maxCredit": None,
    "minAccountDays": None, "usernames": [], "paused": False, "round": 1, "cards": 0, "granted": 0,
    "objectUuid": None, "objectOwnerUuid": None, "pairedAt": None, "seenAt": None,
    "silentSince": None,
}  # fmt: skip
EVERYTHING: Final = {
    "credit": 250,
    "texture": JO.uuid,
    "groupOnly": True,
    "transferable": True,
    "startsAt": "2026-12-01T08:00:00Z",
    "endsAt": "2027-01-07T08:00:00Z",
    "maxCards": 10,
    "maxCardsADay": 2,
    "maxCredit": 2_500,
    "minAccountDays": 30,
    "usernames": ["jo.winter", "kelly"],
    "paused": True,
}


def act(api: ApiFixture, unit: Any, action: str, **options: Any) -> Any:
    """Do something with a unit."""
    return api.call("POST", f"{PATH}/{unit['id']}/actions/{action}", **options)


@pytest.mark.contract("9.1", "9.2", "9.8", "9.9")
@pytest.mark.parametrize("kind", units.KINDS)
def test_made_and_read(api: ApiFixture, kind: str) -> None:
    made = make_unit(api, kind=kind)
    assert made["createdAt"] == made["updatedAt"]
    assert made.keys() == {"id", "kind", "name", "createdAt", "updatedAt", *DEFAULTS}
    assert {name: made[name] for name in DEFAULTS} == DEFAULTS
    whole = make_unit(api, kind=kind, **EVERYTHING)
    assert {name: whole[name] for name in EVERYTHING} == EVERYTHING
    assert whole["kind"] == kind
    assert api.call("GET", f"{PATH}/{whole['id']}").json() == whole
    first = api.call("GET", PATH, params={"limit": 1}).json()
    assert first["data"] == [made]
    cursor = first["pagination"]["nextCursor"]
    assert api.call("GET", PATH, params={"cursor": cursor}).json()["data"] == [whole]


@pytest.mark.contract("9.8")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "shop"),
        ("kind", None),
        ("name", ""),
        ("name", "x" * 64),
        ("name", "a\u202eb"),
        ("credit", 0),
        ("credit", 1.5),
        ("maxCards", 0),
        ("maxCardsADay", 2**31),
        ("maxCredit", "9"),
        ("minAccountDays", 36_501),
        ("usernames", ["a b c"]),
        ("usernames", ["x"] * 501),
        ("texture", "x"),
        ("startsAt", "tomorrow"),
        ("endsAt", "2026-11-30T00:00:00Z"),
    ],
)
def test_values_that_are_refused(api: ApiFixture, field: str, value: Any) -> None:
    body = {"kind": "delivery", "name": "Gift", "startsAt": "2026-12-01T08:00:00Z"}
    refused = problem(api.call("POST", PATH, json=body | {field: value}), 400, "validation_failed")
    assert list(refused["errors"]) == [field]
    unit = make_unit(api, startsAt=body["startsAt"])
    if field != "kind":
        changed = api.call("PATCH", f"{PATH}/{unit['id']}", json={field: value})
        assert list(problem(changed, 400, "validation_failed")["errors"]) == [field]
    assert api.call("GET", PATH).json()["data"] == [unit]


@pytest.mark.contract("9.10")
def test_changed(api: ApiFixture) -> None:
    unit = make_unit(api)
    path = f"{PATH}/{unit['id']}"
    api.clock.advance(1)
    changed = api.call("PATCH", path, json=EVERYTHING | {"kind": "vendor"}).json()
    assert changed == unit | EVERYTHING | {"updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > unit["updatedAt"]
    api.clock.advance(1)
    assert api.call("PATCH", path, json={}).json() == changed
    nothing = {
        name: None for name, value in DEFAULTS.items() if name in EVERYTHING and value is None
    }
    freed = api.call("PATCH", path, json=nothing).json()
    assert freed == changed | nothing | {"updatedAt": freed["updatedAt"]}
    assert api.call("GET", path).json() == freed


@pytest.mark.contract("9.12")
def test_codes_rounds_and_the_end_of_an_object(api: ApiFixture) -> None:
    unit = make_unit(api)
    first, second = (act(api, unit, "pair").json() for _ in range(2))
    assert first["code"] != second["code"]
    assert first["expiresAt"] == "2026-09-21T14:28:20Z"  # 15 minutes later
    ((stored, until),) = api.sql("SELECT code_hash, code_until FROM units")
    assert (stored, until) == (codes.digest(second["code"]), api.clock.now() + 900_000)
    assert act(api, unit, "begin-round").json()["round"] == 2
    assert act(api, unit, "revoke").json()["objectUuid"] is None
    assert api.sql("SELECT code_hash, code_until FROM units") == [(None, None)]


@pytest.mark.contract("9.12")
def test_no_key_repeats_a_code(api: ApiFixture) -> None:
    unit, key = make_unit(api), {"Idempotency-Key": "same"}
    codes = {act(api, unit, "pair", headers=key).json()["code"] for _ in range(2)}
    assert len(codes) == 2
    assert api.sql("SELECT COUNT(*) FROM idempotency_keys") == [(0,)]
    rounds = [act(api, unit, "begin-round", headers=key).json()["round"] for _ in range(2)]
    assert rounds == [2, 2]


@pytest.mark.contract("9.11")
def test_claims_are_listed(api: ApiFixture) -> None:
    unit, other = make_unit(api), make_unit(api)
    path = f"{PATH}/{unit['id']}/claims"
    assert api.call("GET", path).json()["data"] == []
    caller = Caller(api.store.id, "unit", unit["id"], "r")
    residents = [KELLY, JO, stranger(1)]
    cards = [
        api.write(claims.claim, caller, unit["id"], Claimant(each), new_id()).card.id
        for each in residents
    ]
    api.write(claims.claim, caller, other["id"], Claimant(KELLY), new_id())
    found = api.call("GET", path).json()["data"]
    assert [claim["giftCardId"] for claim in found] == cards
    assert [claim["residentUuid"] for claim in found] == [each.uuid for each in residents]
    assert found[0]["residentUsername"] == "kelly"
    assert {(claim["round"], claim["credit"]) for claim in found} == {(1, 100)}
    page = api.call("GET", path, params={"limit": 2}).json()
    rest = api.call("GET", path, params={"cursor": page["pagination"]["nextCursor"]}).json()
    assert page["data"] + rest["data"] == found
    back = api.call("GET", path, params={"cursor": rest["pagination"]["previousCursor"]}).json()
    assert back["data"] == page["data"]
    assert api.call("GET", f"{PATH}/{unit['id']}").json()["cards"] == 3


@pytest.mark.contract("9.36")
@pytest.mark.parametrize("kind", units.KINDS)
def test_every_answer_tells_of_silence(api: ApiFixture, kind: str) -> None:
    object_ = InWorldObject(api, kind)
    path = f"{PATH}/{object_.id}"
    api.clock.advance(units.SILENT_AFTER / 1000 - 1)
    assert api.call("GET", path).json()["silentSince"] is None
    api.clock.advance(1)
    seen_at = api.call("GET", path).json()["seenAt"]
    since = seen_at if kind in units.POLLING else None
    unchanged = api.call("PATCH", path, json={"name": object_.unit["name"]}).json()
    listed = api.call("GET", PATH).json()["data"]
    for answer in (api.call("GET", path).json(), unchanged, *listed):
        assert (answer["seenAt"], answer["silentSince"]) == (seen_at, since)
    paused = api.call("PATCH", path, json={"paused": True}).json()
    api.clock.advance(units.SILENT_AFTER / 1000)
    assert paused["silentSince"] is api.call("GET", path).json()["silentSince"] is None


@pytest.mark.contract("9.9")
@pytest.mark.parametrize("what", ["", "/claims"])
def test_another_stores_unit(api: ApiFixture, unknown_id: str, what: str) -> None:
    unit, theirs = make_unit(api)["id"], other_stores_key(api, "units:read")
    for path, key in ((unit, theirs), (unknown_id, api.key), ("x", api.key)):
        problem(api.call("GET", f"{PATH}/{path}{what}", key=key), 404, "unit_not_found")
    assert api.call("GET", PATH, key=theirs).json()["data"] == []


def changes(api: ApiFixture) -> list[tuple[Any, Any, str]]:
    """Return what units were before each change and after it, and who has made it."""
    rows = api.sql("SELECT details FROM events WHERE type = 'unit.changed' ORDER BY position")
    told = [json.loads(details) for (details,) in rows]
    return [
        (each["before"] and json.loads(each["before"]["state"]),
         json.loads(each["after"]["state"]), each["actor_kind"])
        for each in told
    ]  # fmt: skip


@pytest.mark.contract("10.156")
def test_each_change_is_told(api: ApiFixture) -> None:
    box = InWorldObject(api)
    path = f"{PATH}/{box.id}"
    api.call("PATCH", path, json={"name": "Welcome gift"})  # which it has
    box.claim()
    act(api, box.unit, "begin-round")
    for _ in range(2):
        act(api, box.unit, "revoke")
    told = changes(api)
    assert [by for _, _, by in told] == ["key", "unit", "key", "key"]
    assert told[0][0] is None
    for (_, after, _), (before, _, _) in pairwise(told):
        assert before == after
    made, paired, begun, revoked = (after for _, after, _ in told)
    assert (made["kind"], made["name"], made["credit"]) == ("delivery", "Welcome gift", 100)
    object_ = {"objectUuid": box.key, "objectOwnerUuid": box.owner}
    assert paired == made | object_ | {"pairedAt": "2026-09-21T14:13:20Z"}
    assert begun == paired | {"round": 2}
    assert revoked == made | {"round": 2}


@pytest.mark.contract("10.156")
@pytest.mark.parametrize("field", EVERYTHING)
def test_the_change_of_each_setting_is_told(api: ApiFixture, field: str) -> None:
    unit = make_unit(api)
    for _ in range(2):
        changed = api.call("PATCH", f"{PATH}/{unit['id']}", json={field: EVERYTHING[field]}).json()
    (_, made, _), (before, after, _) = changes(api)
    assert before == made
    shown = {"usernames": ("usernameCount", 2)}.get(field, (field, changed[field]))
    assert after == before | dict([shown])


@pytest.mark.contract("10.156")
def test_no_secret_and_no_name_is_told(api: ApiFixture) -> None:
    box = InWorldObject(api, usernames=["kelly", "jo.winter"])
    code = box.code()
    for names in (["kelly", "sam"], []):  # as many, and none
        api.call("PATCH", f"{PATH}/{box.id}", json={"usernames": names})
    told = json.dumps(changes(api))
    assert [after["usernameCount"] for _, after, _ in changes(api)] == [2, 2, 2, 0]
    for secret in (code, codes.digest(code).hex(), box.secret, "kelly", "jo.winter"):
        assert secret not in told
