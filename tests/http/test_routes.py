"""The whole route table: what holds for every endpoint, present and future."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gridgift.domain.scopes import SCOPES
from gridgift.http import schemas
from gridgift.http.openapi import document, refusals_of
from gridgift.http.problems import PROBLEMS
from gridgift.http.route import CUSTOMER, PUBLIC, Route
from gridgift.http.routes import ROUTES, endpoints
from tests.http.scene import one_engine, other_stores_key, unchanged
from tests.shop import Shop, problem

KEYED = [route for route in ROUTES if route.scope in SCOPES]
CUSTOMERS = [route for route in ROUTES if route.scope == CUSTOMER]
COMPATIBLE = [route for route in KEYED if not route.path.startswith("/ext/")]
PATHS = sorted({route.path for route in ROUTES})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")


def each(routes: Sequence[Route]) -> pytest.MarkDecorator:
    """Run a test once for every route."""
    return pytest.mark.parametrize("route", routes, ids=lambda r: f"{r.method} {r.path}")


class Scene:
    """A card with a hold, and a customer with a spend: what any route may ask for."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.card_id = shop.grant(transfer=True)["id"]
        self.card_without_hold = shop.grant(transfer=True)["id"]
        self.hold_id = self._post(
            f"/ext/v1/giftcards/{self.card_id}/holds", {"amount": 100, "expiresIn": 900}
        )
        credit = "/ext/v1/customers/kelly/credit/actions"
        change = {"amount": 900, "reason": "test", "reference": "test"}
        self._post(f"{credit}/deposit", change | {"amount": 2_000})
        self.spend_id = self._post(f"{credit}/spend", change)

    def _post(self, path: str, body: dict[str, Any]) -> str:
        response = self.shop.call("POST", path, json=body)
        assert response.is_success, response.text
        made: str = response.json()["id"]
        return made

    def ask(self, route: Route, **options: Any) -> Any:
        """Send a route's request as its example has it."""
        body = dict(route.body_example) if route.body_example is not None else None
        if body is not None and "spend" in body:
            body["spend"] = self.spend_id
        if body is not None and "customerIdentifier" in body:
            body["customerIdentifier"] = "kelly"
        held = "{hold}" in route.path
        path = route.path.format(
            identifier="kelly",
            id=self.card_id if held else self.card_without_hold,
            hold=self.hold_id,
            code="api_key_missing",
        )
        return self.shop.call(route.method, path, json=body, **options)


@pytest.fixture
def scene(shop: Shop) -> Scene:
    """Set the scene in a shop."""
    return Scene(shop)


@each(KEYED)
@one_engine
@pytest.mark.contract("2.1", "2.3", "2.4")
def test_without_a_key(scene: Scene, route: Route) -> None:
    with unchanged(scene.shop):
        response = scene.ask(route, key=None)
        problem(response, 401, "api_key_missing")
        assert response.headers["www-authenticate"] == 'ApiKey realm="gridgift"'


@each(CUSTOMERS)
@one_engine
def test_without_a_token(scene: Scene, route: Route) -> None:
    with unchanged(scene.shop):
        response = scene.ask(route)  # a key is no token
        problem(response, 401, "customer_token_invalid")
        assert response.headers["www-authenticate"] == 'CustomerToken realm="gridgift"'


@each(KEYED)
@pytest.mark.contract("2.17", "2.18", "2.19")
def test_every_scope_but_the_right_one(scene: Scene, route: Route) -> None:
    key = scene.shop.add_key(*(SCOPES.keys() - {route.scope})).key
    with unchanged(scene.shop):
        body = problem(scene.ask(route, key=key), 403, "scope_missing")
    assert route.scope in body["detail"]


@each(KEYED)
@pytest.mark.contract("2.17")
def test_the_right_scope_is_enough(scene: Scene, route: Route) -> None:
    key = scene.shop.add_key(route.scope).key
    assert scene.ask(route, key=key).status_code == route.status


@each(CUSTOMERS)
def test_a_token_is_enough(scene: Scene, route: Route) -> None:
    body = {"customerIdentifier": "kelly"}
    token = scene.shop.call("POST", "/v1/customer-tokens", json=body).json()["token"]
    response = scene.ask(route, key=None, headers={"X-Customer-Token": token})
    assert response.status_code == route.status, response.text


@each(KEYED)
@pytest.mark.contract("1.9", "1.10")
def test_another_stores_key_sees_nothing_of_this_store(scene: Scene, route: Route) -> None:
    shop = scene.shop
    before = shop.card(scene.card_id), shop.entries(scene.card_id)
    response = scene.ask(route, key=other_stores_key(shop, route.scope))
    if "{id}" in route.path:
        problem(response, 404, "gift_card_not_found")
    elif route.path.endswith("/refund"):
        problem(response, 404, "spend_not_found")
    elif route.path.endswith("/spend"):
        problem(response, 409, "insufficient_credit")
    else:
        assert response.status_code == route.status
    for secret in (shop.store.id, shop.store.name, f'"{scene.card_id}"'):
        assert secret not in response.text
    assert (shop.card(scene.card_id), shop.entries(scene.card_id)) == before


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.contract("3.11")
@one_engine
def test_other_methods(shop: Shop, path: str) -> None:
    possible = {route.method for route in ROUTES if route.path == path}
    if "GET" in possible:
        possible.add("HEAD")
    for method in set(METHODS) - possible:
        asked = path.format(identifier="kelly", id="x", hold="x", code="x")
        response = shop.call(method, asked, key=None)
        assert response.headers["allow"] == ", ".join(sorted(possible))
        if method != "HEAD":
            problem(response, 405, "method_not_allowed")


@each(ROUTES)
@one_engine
def test_is_documented(shop: Shop, route: Route) -> None:
    described = shop.call("GET", "/openapi.json").json()["paths"][route.path]
    operation = described[route.method.lower()]
    assert operation["summary"]
    assert operation["operationId"]
    refusals = refusals_of(route)
    statuses = {str(PROBLEMS[failure].status_at(route.path)) for failure in refusals}
    statuses |= {str(route.status), "500", "503"}
    if route.scope == CUSTOMER:
        assert operation["security"] == [{"CustomerToken": []}]
        statuses |= {"401", "429"}
    elif route.scope != PUBLIC:
        assert operation["security"] == [{"ApiKey": []}]
        assert operation["x-scope"] == route.scope
        statuses |= {"401", "403", "429"}
    if route.keyed:
        statuses |= {"400", "422"}
    if route.body is not None:
        assert operation["requestBody"]["required"]
        statuses |= {"400", "408", "413", "415"}
    if "{" in route.path:
        statuses |= {"404"}
    assert operation["responses"].keys() >= statuses
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    assert parameters >= set(re.findall(r"{(\w+)}", route.path))
    assert ("Idempotency-Key" in parameters) is route.keyed


@one_engine
def test_the_document_is_derived_from_the_table(shop: Shop) -> None:
    found = shop.call("GET", "/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    described = {(m.upper(), path) for path, methods in found["paths"].items() for m in methods}
    assert described == {(route.method, route.path) for route in ROUTES}


@pytest.mark.contract("1.1", "6.14")
def test_the_compatible_endpoints() -> None:
    assert {(route.method, route.path, route.scope) for route in COMPATIBLE} == {
        ("GET", "/v1/store", "store:read"),
        ("GET", "/v1/customers/{identifier}/giftcards", "giftcards:read"),
        ("POST", "/v1/customers/{identifier}/actions/grant-gift-card", "giftcards:write"),
        ("GET", "/v1/giftcards/{id}", "giftcards:read"),
        ("PUT", "/v1/giftcards/{id}", "giftcards:write"),
        ("POST", "/v1/giftcards/{id}/actions/disable", "giftcards:write"),
        ("POST", "/v1/customer-tokens", "customertokens:mint"),
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
    assert len(schemas.GiftCardResponse.__struct_fields__) == 9


async def handler(call: Any) -> Any:
    """Answer nothing."""


ROW = {"method": "GET", "path": "/v1/x", "handler": handler, "tag": "x", "summary": "x"}


@pytest.mark.contract("2.17")
@pytest.mark.parametrize("scope", ["", "giftcards", "giftcards:read giftcards:write", "public"])
def test_a_route_with_no_known_scope_does_not_load(scope: str) -> None:
    with pytest.raises(ValueError, match="needs a scope"):
        Route(scope=scope, **ROW)


@pytest.mark.contract("2.17")
def test_a_route_that_says_nothing_of_its_scope_does_not_load() -> None:
    with pytest.raises(TypeError):
        Route(**ROW)


def test_a_route_that_is_there_twice_does_not_load() -> None:
    row = Route(scope="store:read", **ROW)
    with pytest.raises(ValueError, match="there twice"):
        endpoints(None, (row, row))  # type: ignore[arg-type]
