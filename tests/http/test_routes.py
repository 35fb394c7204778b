"""The whole route table: what holds for every endpoint, present and future."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from gridgift.domain.scopes import SCOPES
from gridgift.http.edge.api_key import ApiKey
from gridgift.http.edge.customer_token import CustomerToken
from gridgift.http.edge.guards import PUBLIC
from gridgift.http.edge.in_world import IN_WORLD
from gridgift.http.edge.problems import PROBLEMS
from gridgift.http.edge.refusals import NewsItemNotAvailable
from gridgift.http.edge.route import AnyRoute, Route, Tag
from gridgift.http.reference.openapi import document, refusals_of
from gridgift.http.table import ROUTES, endpoints
from gridgift.views import GiftCardResponse
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import (
    ELSEWHERE,
    IN_WORLD_ROUTES,
    PARTS,
    credit_of,
    other_stores_key,
    path_of,
    prepared,
    sent,
)

GUARDED = [route for route in ROUTES if isinstance(route.guard, ApiKey)]
FOR_CUSTOMERS = [route for route in ROUTES if isinstance(route.guard, CustomerToken)]
COMPATIBLE = [route for route in GUARDED if route.path.startswith("/v1/")]
PATHS = sorted({route.path for route in ROUTES})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")

each_guarded = pytest.mark.parametrize("route", GUARDED, ids=lambda r: f"{r.method} {r.path}")
each_elsewhere = pytest.mark.parametrize("route", ELSEWHERE, ids=lambda r: f"{r.method} {r.path}")
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")


def ask(api: ApiFixture, route: AnyRoute, card_id: str = "x", **options: Any) -> Any:
    """Send a route's request as its example has it."""
    path = path_of(route, id=card_id, code="api_key_missing")
    return api.call(route.method, path, **sent(route, route.body_example), **options)


@each_guarded
@pytest.mark.contract("2.1", "2.3", "2.4")
def test_without_a_key(shared_api: ApiFixture, route: AnyRoute) -> None:
    with unchanged(shared_api):
        response = ask(shared_api, route, key=None)
        problem(response, 401, "api_key_missing")
        assert response.headers["www-authenticate"] == 'ApiKey realm="gridgift"'


@each_guarded
@one_engine
@pytest.mark.contract("2.17", "2.18", "2.19")
def test_every_scope_but_the_right_one(api: ApiFixture, route: AnyRoute) -> None:
    card = api.grant()
    key = api.add_key(*(SCOPES.keys() - {route.guard.scope})).key
    with unchanged(api):
        body = problem(ask(api, route, card["id"], key=key), 403, "scope_missing")
    assert route.guard.scope in body["detail"]


@each_guarded
@pytest.mark.contract("2.17")
def test_the_right_scope_is_enough(api: ApiFixture, route: AnyRoute) -> None:
    parts, body = prepared(api, route)
    key = api.add_key(route.guard.scope).key
    response = api.call(route.method, path_of(route, **parts), **sent(route, body), key=key)
    assert response.status_code == route.status, response.text


@each_guarded
@pytest.mark.contract("1.9", "1.10")
def test_another_stores_key_sees_nothing_of_this_store(api: ApiFixture, route: AnyRoute) -> None:
    parts, body = prepared(api, route)
    card_id = parts["id"]
    before = api.card(card_id), api.entries(card_id), credit_of(api)
    key = other_stores_key(api, route.guard.scope)
    response = api.call(route.method, path_of(route, **parts), **sent(route, body), key=key)
    if re.search("{(id|lot|unit|webhook)}|actions/refund", route.path):
        assert response.status_code == 404
    elif route.path.endswith(("actions/spend", "credit/actions/move")):
        problem(response, 409, "insufficient_credit")
    elif route.name == "get_customer":
        problem(response, 404, "customer_not_found")
    else:
        assert response.status_code == route.status, response.text
    named = () if body is not None and "ids" in body else (f'"{card_id}"',)
    for secret in (api.store.id, api.store.name, *named):
        assert secret not in response.text
    assert (api.card(card_id), api.entries(card_id), credit_of(api)) == before


WITHOUT_BODY = [
    route
    for route in ROUTES
    if route.body is None and route.rows is None and route.path != "/metrics"  # needs a token
]
NOTHING = [b"", b" ", b"{}", b" { }\n", b"[]", b"null"]
SOMETHING = [b'{"amount": 60}', b"[{}]", b"0", b"false", b'""', b"amount=60", b"{", b"\xff"]


@pytest.mark.parametrize("route", WITHOUT_BODY, ids=lambda r: f"{r.method} {r.path}")
@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded"])
@one_engine
@pytest.mark.contract("3.17")
def test_a_body_where_none_is_taken(api: ApiFixture, route: AnyRoute, media_type: str) -> None:
    """What says something changes nothing; what says nothing is as good as no body."""
    token = CustomerPage(api).token if isinstance(route.guard, CustomerToken) else ""
    headers = {"Content-Type": media_type, "X-Customer-Token": token}

    def send(body: bytes, parts: dict[str, str]) -> Any:
        path = path_of(route, **parts, code="api_key_missing")
        return api.call(route.method, path, content=body, headers=headers)

    parts, _ = prepared(api, route)
    with unchanged(api):
        for body in SOMETHING:
            problem(send(body, parts), 400, "body_unexpected")
    for body in NOTHING:
        assert send(body, parts).status_code == route.status
        if route.method != "GET":  # which uses nothing up
            parts, _ = prepared(api, route)


OPTIONAL = [route for route in ROUTES if route.body is not None and not route.body_required]


@pytest.mark.parametrize("route", OPTIONAL, ids=lambda r: f"{r.method} {r.path}")
@pytest.mark.contract("3.17")
def test_a_body_that_may_be_left_out(api: ApiFixture, route: AnyRoute) -> None:
    """What says nothing is as good as no body, to those too that are always refused."""
    token = CustomerPage(api).token if isinstance(route.guard, CustomerToken) else ""
    headers = {"Content-Type": "application/json", "X-Customer-Token": token}
    left_out = route.status if NewsItemNotAvailable not in route.refusals else 400
    for body in NOTHING:
        parts, _ = prepared(api, route)
        path = path_of(route, **parts)
        response = api.call(route.method, path, content=body, headers=headers)
        assert response.status_code == left_out, response.text
        assert "validation_failed" not in response.text


@pytest.mark.contract("8.1", "8.2")
@pytest.mark.parametrize("route", FOR_CUSTOMERS, ids=lambda r: f"{r.method} {r.path}")
def test_without_a_token(shared_api: ApiFixture, route: AnyRoute) -> None:
    with unchanged(shared_api):
        for key in (None, shared_api.key):
            problem(ask(shared_api, route, key=key), 401, "customer_token_invalid")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.contract("3.11")
def test_other_methods(shared_api: ApiFixture, path: str) -> None:
    possible = {route.method for route in ROUTES if route.path == path}
    if "GET" in possible:
        possible.add("HEAD")
    for method in set(METHODS) - possible:
        response = shared_api.call(method, path.format(**PARTS), key=None)
        assert response.headers["allow"] == ", ".join(sorted(possible))
        if path.startswith(IN_WORLD):
            assert method == "HEAD" or response.json()["code"] == "method_not_allowed"
        elif method != "HEAD":
            problem(response, 405, "method_not_allowed")


@pytest.fixture(scope="module")
def documented(shared_api: ApiFixture) -> dict[str, Any]:
    """The paths of the document, as the server has it."""
    paths: dict[str, Any] = shared_api.call("GET", "/openapi.json").json()["paths"]
    return paths


@each_route
def test_is_documented(documented: dict[str, Any], route: AnyRoute) -> None:
    operation = documented[route.path][route.method.lower()]
    assert operation["summary"]
    assert operation["operationId"]
    refusals = refusals_of(route)
    statuses = {str(PROBLEMS[failure].status_at(route.path)) for failure in refusals}
    statuses |= {str(route.status), "408", "413", "500", "503"}
    if route in FOR_CUSTOMERS:
        assert operation["security"] == [{"CustomerToken": []}]
        statuses |= {"401", "429"}
    elif route in IN_WORLD_ROUTES:
        statuses |= {"401", "403", "429"}
    elif route in GUARDED:
        assert operation["security"] == [{"ApiKey": []}]
        assert operation["x-scope"] == route.guard.scope
        statuses |= {"401", "403", "429"}
    if route.keyed:
        statuses |= {"400", "422"}
    if route.body is not None:
        assert operation["requestBody"]["required"] is route.body_required
        assert ("null" in operation["requestBody"].get("description", "")) is not (
            route.body_required
        )
        statuses |= {"400", "415"}
    elif route.rows is None:
        statuses |= {"400"}
    if route.rows is not None:
        assert operation["requestBody"]["content"].keys() == route.rows.keys()
        statuses |= {"400", "415"}
    if "{" in route.path and NewsItemNotAvailable not in refusals:
        statuses |= {"404"}
    assert operation["responses"].keys() >= statuses
    assert ("403" in operation["responses"]) is (route in GUARDED + IN_WORLD_ROUTES)
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    assert parameters >= set(re.findall(r"{(\w+)}", route.path))
    assert ("Idempotency-Key" in parameters) is route.keyed


@each_elsewhere
@pytest.mark.contract("3.12")
def test_a_body_that_is_too_large(shared_api: ApiFixture, route: AnyRoute) -> None:
    """Nobody may send more than an endpoint takes, even where it takes nothing."""
    headers = {
        "X-Customer-Token": CustomerPage(shared_api).token,
        "Content-Type": "application/json",
    }
    body = b"{}".ljust(route.body_limit + 1)
    with unchanged(shared_api):
        path = path_of(route)
        problem(
            shared_api.call(route.method, path, content=body, headers=headers),
            413,
            "body_too_large",
        )


@one_engine
def test_the_document_is_derived_from_the_table(api: ApiFixture) -> None:
    found = api.call("GET", "/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    described = {(m.upper(), path) for path, methods in found["paths"].items() for m in methods}
    assert described == {(route.method, route.path) for route in ROUTES}


@pytest.mark.contract("1.1", "6.14")
def test_the_compatible_endpoints() -> None:
    assert {(route.method, route.path, route.guard.scope) for route in COMPATIBLE} == {
        ("POST", "/v1/customer-tokens", "customertokens:mint"),
        ("GET", "/v1/store", "store:read"),
        ("GET", "/v1/loyalty/tiers", "store:read"),
        ("GET", "/v1/customers", "customers:read"),
        ("GET", "/v1/customers/{identifier}/giftcards", "giftcards:read"),
        ("POST", "/v1/customers/{identifier}/actions/grant-gift-card", "giftcards:write"),
        ("GET", "/v1/giftcards/{id}", "giftcards:read"),
        ("PUT", "/v1/giftcards/{id}", "giftcards:write"),
        ("POST", "/v1/giftcards/{id}/actions/disable", "giftcards:write"),
    }


def members(schema: Any) -> Iterator[tuple[str, Any]]:
    """Walk all properties of a schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for inner in schema.values():
            yield from members(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from members(inner)


@pytest.mark.contract("1.2", "1.3", "1.8")
def test_fields_are_camel_case_and_amounts_integers() -> None:
    found = list(members(document(COMPATIBLE, "http://shop.test")["components"]["schemas"]))
    assert {"ownerUuid", "locationSlUrl", "nextCursor", "expiresAt"} <= {name for name, _ in found}
    for name, schema in found:
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)
        assert "enum" not in repr(schema)
        if name == "credit":
            assert schema["type"] == "integer"


@pytest.mark.contract("6.1")
def test_a_card_has_exactly_nine_fields() -> None:
    assert len(GiftCardResponse.__struct_fields__) == 9


async def handler(call: Any) -> Any:
    """Answer nothing."""


SAID: dict[str, Any] = {"tag": Tag("x", "x"), "summary": "x", "description": "x"}


@pytest.mark.contract("2.17")
@pytest.mark.parametrize("scope", ["", "giftcards", "giftcards:read giftcards:write", "public"])
def test_a_guard_with_no_known_scope_does_not_load(scope: str) -> None:
    with pytest.raises(ValueError, match="no scope"):
        ApiKey(scope)


@pytest.mark.contract("2.17")
@pytest.mark.parametrize("guard", [None, "", "giftcards:read", "PUBLIC"])
def test_a_route_with_no_guard_does_not_load(guard: Any) -> None:
    with pytest.raises(ValueError, match="needs a guard"):
        Route("GET", "/v1/x", guard, handler, **SAID)


@pytest.mark.contract("2.17")
def test_a_route_that_says_nothing_of_its_guard_does_not_load() -> None:
    with pytest.raises(TypeError):
        Route(method="GET", path="/v1/x", handler=handler, **SAID)  # type: ignore[call-arg]


def test_a_route_that_does_not_describe_its_path_does_not_load() -> None:
    with pytest.raises(ValueError, match="does not describe its path's parameters"):
        Route("GET", "/v1/{x}", PUBLIC, handler, **SAID)


def test_a_route_that_is_there_twice_does_not_load() -> None:
    row = Route("GET", "/v1/x", PUBLIC, handler, **SAID)
    with pytest.raises(ValueError, match="there twice"):
        endpoints(None, (row, row))  # type: ignore[arg-type]


@each_route
def test_the_row_says_what_its_handler_says(route: AnyRoute) -> None:
    """mypy compares a row with its handler; this finds what a row leaves out."""
    said = inspect.get_annotations(route.handler)
    principal, query, body = get_args(said["request"])
    (answer,) = get_args(said["return"])
    assert (route.query or type(None), route.body or type(None)) == (query, body)
    assert (route.answer or type(None)) == answer
    assert principal is inspect.get_annotations(type(route.guard).admit)["return"]
