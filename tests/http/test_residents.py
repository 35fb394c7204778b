"""POST and GET /ext/v1/residents, and grants to whom nobody knows."""

import json
from typing import Any

import pytest

from tests.api import JO, KELLY, ApiFixture, problem, served
from tests.http.checks import clean, one_engine, unchanged
from tests.http.requests import other_stores_key

PATH = "/ext/v1/residents"
ROBIN = {"uuid": "2d3e4f50-6172-4839-8a4b-5c6d7e8f9012", "username": "robin.sommer"}
OTHER = "3d3e4f50-6172-4839-8a4b-5c6d7e8f9012"


def add(api: ApiFixture, uuid: str, username: Any, **options: Any) -> Any:
    """Note a username."""
    return api.call("POST", PATH, json={"uuid": uuid, "username": username}, **options)


def found(api: ApiFixture, key: str | None = None, **query: Any) -> list[str]:
    """Return the usernames of a list."""
    response = api.call("GET", PATH, params=query, key=key or api.key)
    assert response.status_code == 200, response.text
    return [row["username"] for row in response.json()["data"]]


def grant(api: ApiFixture, identifier: str, **more: Any) -> Any:
    """Ask for a card of L$5."""
    options = {name: more.pop(name) for name in ("key", "headers") if name in more}
    path = f"/v1/customers/{identifier}/actions/grant-gift-card"
    return api.call("POST", path, json={"credit": 5} | more, **options)


def residents(api: ApiFixture) -> Any:
    """Look at all rows about residents."""
    tables = ("residents", "resident_names", "store_names")
    return [sorted(api.sql(f"SELECT * FROM {table}"), key=repr) for table in tables]


@pytest.mark.contract("10.86", "10.91")
def test_new_known_renamed_taken(api: ApiFixture) -> None:
    first = add(api, ROBIN["uuid"].upper(), "Robin Sommer")
    assert (first.status_code, first.json()) == (201, ROBIN)
    again = add(api, **ROBIN)
    assert (again.status_code, again.json()) == (200, ROBIN)
    for identifier in (ROBIN["uuid"], "Robin.Sommer"):
        assert api.call("GET", f"{PATH}/{identifier}").json() == ROBIN
    renamed = add(api, ROBIN["uuid"], "robin resident")
    assert (renamed.status_code, renamed.json()) == (200, ROBIN | {"username": "robin"})
    assert api.call("GET", f"{PATH}/robin.sommer").json()["username"] == "robin"
    before = residents(api)
    for uuid in (JO.uuid, OTHER):
        assert KELLY.uuid in problem(add(api, uuid, "kelly"), 409, "username_taken")["detail"]
    assert residents(api) == before


@pytest.mark.contract("10.86")
@one_engine
def test_values_that_are_none(api: ApiFixture) -> None:
    before = residents(api)
    for uuid, username, field in (
        ("1234", "robin", "uuid"), (ROBIN["uuid"] + "\n", "robin", "uuid"),
        ("00000000-0000-0000-0000-000000000000", "robin", "uuid"), (None, "robin", "uuid"),
        (OTHER, "", "username"), (OTHER, "a.b.c", "username"), (OTHER, "x" * 32, "username"),
        (OTHER, "robin\n", "username"), (OTHER, "r\u00f6bin", "username"), (OTHER, 5, "username"),
        (OTHER, "\u212aelly", "username"), (OTHER, OTHER, "username"),
    ):  # fmt: skip
        errors = problem(add(api, uuid, username), 400, "validation_failed")["errors"]  # type: ignore[arg-type]
        assert list(errors) == [field]
        if field == "username":
            refused = problem(grant(api, OTHER, username=username), 400, "validation_failed")
            assert list(refused["errors"]) == ["username"]
    assert residents(api) == before
    problem(api.call("GET", f"{PATH}/nobody"), 404, "resident_not_found")
    problem(api.call("GET", f"{PATH}/a.b.c"), 400, "identifier_malformed")


@pytest.mark.contract("10.86", "10.3")
def test_an_idempotency_key(api: ApiFixture) -> None:
    once = {"headers": {"Idempotency-Key": "robin"}}
    first = add(api, **ROBIN, **once)
    again = add(api, **ROBIN, **once)
    assert (
        (again.status_code, again.content)
        == (first.status_code, first.content)
        == (201, again.content)
    )
    assert again.headers["idempotent-replayed"] == "true"
    problem(add(api, OTHER, "someone", **once), 422, "idempotency_key_reused")


@pytest.mark.contract("10.87", "10.88", "10.91")
def test_another_store_cant_redirect_rename_or_list(api: ApiFixture) -> None:
    theirs = other_stores_key(api, "customers:write", "customers:read", "giftcards:write")
    api.grant(KELLY.username)
    thief = {"uuid": OTHER, "username": "robin.sommer"}
    assert add(api, **thief, key=theirs).status_code == 201
    problem(grant(api, "robin.sommer"), 404, "resident_not_found")
    renamed = add(api, KELLY.uuid, "silly.name", key=theirs)
    assert (renamed.status_code, renamed.json()["username"]) == (200, "kelly")
    assert api.call("GET", f"{PATH}/{KELLY.uuid}").json()["username"] == "kelly"
    problem(api.call("GET", f"{PATH}/silly.name"), 404, "resident_not_found")
    problem(add(api, **ROBIN), 409, "username_taken")
    assert found(api, key=theirs) == ["robin.sommer"]
    assert found(api) == ["kelly"]


@pytest.mark.contract("10.89")
def test_a_grant_registers_whom_nobody_knows(api: ApiFixture) -> None:
    key = api.add_key("giftcards:write").key
    once = {"Idempotency-Key": "order 7"}
    first = grant(api, ROBIN["uuid"], username="Robin Sommer", key=key, headers=once)
    assert first.status_code == 200, first.text
    card = first.json()
    assert (card["ownerUuid"], card["ownerUsername"]) == (ROBIN["uuid"], ROBIN["username"])
    again = grant(api, ROBIN["uuid"], username="Robin Sommer", key=key, headers=once)
    assert again.json() == card
    assert api.call("GET", f"/v1/customers/{ROBIN['username']}/giftcards").json()["data"] == [card]
    assert found(api) == ["robin.sommer"]
    clean(api)


@pytest.mark.contract("10.89")
def test_nothing_is_left_of_a_grant_that_is_refused(api: ApiFixture) -> None:
    before = residents(api)
    with unchanged(api):
        problem(grant(api, OTHER, username="kelly"), 400, "username_taken")
        problem(grant(api, OTHER, username="robin", credit=0), 400, "validation_failed")
        late = grant(api, OTHER, username="robin", expiresAt="2026-01-01T00:00:00Z")
        problem(late, 400, "validation_failed")
        problem(grant(api, OTHER), 404, "resident_not_found")
        problem(grant(api, "nobody", username="robin"), 404, "resident_not_found")
    assert residents(api) == before


@pytest.mark.contract("10.89")
def test_the_uuid_decides_of_a_known_resident(api: ApiFixture) -> None:
    before = residents(api)
    for username in ("kelly.new", "jo.winter", "kelly", None):
        card = grant(api, KELLY.uuid, username=username).json()
        assert (card["ownerUuid"], card["ownerUsername"]) == (KELLY.uuid, "kelly")
    assert grant(api, "jo.winter", username="someone").json()["ownerUuid"] == JO.uuid
    assert residents(api) == before


@pytest.mark.contract("10.89")
@pytest.mark.parametrize("kind", ["application/jsonl", "text/csv"])
def test_rows_register_whom_nobody_knows(api: ApiFixture, kind: str) -> None:
    rows = [(ROBIN["uuid"], "Robin Sommer"), (OTHER, "kelly"), (KELLY.uuid, "kelly.new")]
    lines = [json.dumps({"identifier": who, "username": name, "credit": 5}) for who, name in rows]
    table = ["key,name,credit", *(f"{who},{name},5" for who, name in rows)]
    body = "\n".join(lines if kind == "application/jsonl" else table)
    answer = api.call(
        "POST", "/ext/v1/giftcards/bulk", content=body, headers={"Content-Type": kind}
    ).json()
    assert (answer["granted"], answer["refused"]) == (2, 1)
    assert answer["results"][1]["problem"]["code"] == "username_taken"
    owners = [api.card(answer["results"][n]["id"])["ownerUsername"] for n in (0, 2)]
    assert owners == ["robin.sommer", "kelly"]


@pytest.mark.contract("10.90", "5.3")
def test_a_server_that_accepts_any_avatar(api: ApiFixture) -> None:
    problem(grant(api, OTHER), 404, "resident_not_found")
    with served(
        api.settings.database_url, api.clock, api.prepared, unknown_uuids="accept"
    ) as server:
        problem(server.call("GET", f"/v1/customers/{OTHER}/giftcards"), 404, "resident_not_found")
        problem(grant(server, "nobody"), 404, "resident_not_found")
        zero = "00000000-0000-0000-0000-000000000000"
        problem(grant(server, zero), 400, "identifier_malformed")
        card = grant(server, OTHER).json()
        assert (card["ownerUuid"], card["ownerUsername"]) == (OTHER, OTHER)
        line = json.dumps({"identifier": ROBIN["uuid"], "credit": 5})
        many = server.call(
            "POST", "/ext/v1/giftcards/bulk", content=line,
            headers={"Content-Type": "application/jsonl"},
        )  # fmt: skip
        assert many.json()["granted"] == 1
        assert found(server) == []
        assert grant(server, OTHER, username="late.face").json()["ownerUsername"] == "late.face"
        assert server.card(card["id"])["ownerUsername"] == "late.face"
        assert found(server) == ["late.face"]
    clean(api)


@pytest.mark.contract("10.92", "4.9")
def test_a_list_by_prefix_both_ways(api: ApiFixture) -> None:
    names = ["ann", "anna", "anna.b", "annb", "bob"]
    for number, name in enumerate(names):
        assert add(api, f"{number:08}-0000-4000-8000-000000000001", name).status_code == 201
    assert found(api) == names
    assert found(api, prefix="ANNA") == ["anna", "anna.b"]
    assert found(api, prefix="anna ") == ["anna.b"]
    assert found(api, prefix="bob.resident") == ["bob"]
    first = api.call("GET", PATH, params={"prefix": "ann", "limit": 3}).json()
    onward = {"prefix": "ann", "limit": 3, "cursor": first["pagination"]["nextCursor"]}
    rest = api.call("GET", PATH, params=onward).json()
    assert [row["username"] for row in first["data"] + rest["data"]] == names[:4]
    back = onward | {"cursor": rest["pagination"]["previousCursor"]}
    assert api.call("GET", PATH, params=back).json()["data"] == first["data"]
    problem(api.call("GET", PATH, params=onward | {"prefix": "an"}), 400, "cursor_invalid")
    for prefix in ("a..", ".a", "a_", "a.b.c", "\u212a", "a\n", "x" * 32):
        refused = problem(
            api.call("GET", PATH, params={"prefix": prefix}), 400, "validation_failed"
        )
        assert list(refused["errors"]) == ["prefix"]
