"""Integers in requests: 500.0 is 500, in every field of every body; a fraction is refused."""

import json
from typing import Any

import msgspec
import pytest

from gridgift.domain.model import NIL_UUID
from gridgift.http.edge.api_key import ApiKey
from gridgift.http.edge.decode import numbers_of
from gridgift.http.table import ROUTES
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.requests import ELSEWHERE, ext
from tests.http.test_bulk import CSV, GRANT, lines, row, send
from tests.http.test_routes import AnyRoute, path_of, prepared


def properties(struct: Any) -> dict[str, Any]:
    """Return the properties of a struct's JSON Schema."""
    schema = msgspec.json.schema(struct)
    found: dict[str, Any] = schema["$defs"][struct.__name__]["properties"]
    return found


INTEGERS = [
    pytest.param(route, name, id=f"{route.method} {route.path} {name}")
    for route in ELSEWHERE
    if route.body is not None
    for name, schema in properties(route.body).items()
    if schema.get("type") == "integer"
]
IN_QUERIES = [
    (route.path, name)
    for route in ELSEWHERE
    if route.query is not None and isinstance(route.guard, ApiKey) and not route.path_parameters
    for name in sorted(numbers_of(route.query))
]
TEXTURED = [route for route in ROUTES if route.body and "texture" in properties(route.body)]
CREDITS = ("500.0", "500.00", "5e2", "5.00E+2", "50000e-2")


def test_the_walk_finds_what_there_is() -> None:
    assert len(INTEGERS) >= 9
    assert len(TEXTURED) >= 4
    assert len(IN_QUERIES) >= 7


def send_text(api: ApiFixture, route: AnyRoute, name: str, number: str) -> Any:
    """Send a route's example, with a number written as it is given."""
    parts, body = prepared(api, route)
    text = json.dumps(body | {name: "MARK"}).replace('"MARK"', number)
    headers = {"Content-Type": "application/json"}
    return api.call(route.method, path_of(route, **parts), content=text, headers=headers)


@pytest.mark.contract("1.5")
@pytest.mark.parametrize(("route", "name"), INTEGERS)
@one_engine
def test_a_whole_number_is_an_integer(api: ApiFixture, route: AnyRoute, name: str) -> None:
    number = (route.body_example or {}).get(name, 7)
    for written in (f"{number}.0", f"{number}.000", f"{number}e0", f"{number}00e-2"):
        response = send_text(api, route, name, written)
        assert response.status_code == route.status, response.text
    for wrong in (f"{number}.5", f"{number}e-3", "1e400"):
        body = problem(send_text(api, route, name, wrong), 400, "validation_failed")
        assert list(body["errors"]) == [name]


@pytest.mark.contract("1.5")
@pytest.mark.parametrize("credit", CREDITS)
def test_the_credit_is_exact_by_every_way(api: ApiFixture, credit: str) -> None:
    json_body = {"Content-Type": "application/json"}
    single = api.call("POST", GRANT, content=f'{{"credit": {credit}}}', headers=json_body)
    line = send(api, f'{{"identifier": "kelly", "credit": {credit}}}')
    cell = send(api, f"identifier,credit\nkelly,{credit}\n", CSV)
    theirs = send(api, f"name,gift card credits\nkelly,{credit}\njo.winter,0.0\n", CSV)
    assert theirs.json()["skipped"] == 1
    ids = [single.json()["id"], *(many.json()["results"][0]["id"] for many in (line, cell, theirs))]
    for card_id in ids:
        assert api.card(card_id)["credit"] == 500
        assert [entry.delta for entry in api.entries(card_id)] == [500]


@pytest.mark.contract("1.5")
@pytest.mark.parametrize("credit", ["500.5", "5e-1", "0.0", "1e400", "2147483648.0", "5.", "+5"])
@one_engine
def test_no_row_of_csv_has_a_fraction(api: ApiFixture, credit: str) -> None:
    with unchanged(api):
        (result,) = send(api, f"identifier,credit\nkelly,{credit}\n", CSV).json()["results"]
    assert result["problem"]["detail"] == "credit: must be an integer from 1 to 2147483647."


@pytest.mark.contract("1.5")
@pytest.mark.parametrize("credit", ["1.000", "500.000", "2.500"])
@one_engine
def test_what_may_mean_thousands_is_no_number_of_csv(api: ApiFixture, credit: str) -> None:
    """A spreadsheet in German, Portuguese or Spanish writes a thousand so."""
    for header in ("identifier,credit", "name,gift card credits"):
        with unchanged(api):
            (result,) = send(api, f"{header}\nkelly,{credit}\n", CSV).json()["results"]
        said = "credit: may mean thousands: write it without a point."
        assert result["problem"]["detail"] == said


@pytest.mark.contract("1.5")
@pytest.mark.parametrize(("path", "name"), IN_QUERIES)
@one_engine
def test_in_a_query_it_is_digits_alone(api: ApiFixture, path: str, name: str) -> None:
    assert api.call("GET", f"{path}?{name}=1").status_code == 200
    for wrong in ("1.0", "1e0", "01"):
        body = problem(api.call("GET", f"{path}?{name}={wrong}"), 400, "validation_failed")
        assert list(body["errors"]) == [name]


@pytest.mark.contract("6.3")
@pytest.mark.parametrize("route", TEXTURED, ids=lambda route: f"{route.method} {route.path}")
def test_the_texture_of_zeros_is_none(api: ApiFixture, route: AnyRoute) -> None:
    parts, body = prepared(api, route)
    assert ext(api, parts["id"], "patch", {"texture": parts["id"]}).json()["texture"]
    response = api.call(route.method, path_of(route, **parts), json=body | {"texture": NIL_UUID})
    assert response.json()["texture"] is None
    place = "/ext/v1/units" if "units" in route.path else "/v1/giftcards"
    read = api.call("GET", f"{place}/{response.json()['id']}").json()
    assert read["texture"] is None


@pytest.mark.contract("6.3")
def test_so_it_is_in_rows(api: ApiFixture) -> None:
    line = send(api, lines(row("kelly", texture=NIL_UUID)))
    cell = send(api, f"identifier,credit,texture\nkelly,5,{NIL_UUID}\n", CSV)
    for many in (line, cell):
        assert api.card(many.json()["results"][0]["id"])["texture"] is None
    assert api.sql("SELECT COUNT(*) FROM gift_cards WHERE texture IS NOT NULL") == [(0,)]
