"""Refusals on the wire: problem details (contract section 3)."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from gridgift.domain import giftcards, residents
from gridgift.domain.failures import Failure
from gridgift.http.edge.decode import MAX_BODY
from gridgift.http.edge.problems import PROBLEMS
from gridgift.http.edge.route import AnyRoute
from gridgift.storage.database import DatabaseUnavailable
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.conftest import Outage
from tests.http.customer_page import CustomerPage
from tests.http.requests import ELSEWHERE, PARTS, make_unit, path_of

GRANT = "/v1/customers/kelly/actions/grant-gift-card"
JSON = {"Content-Type": "application/json"}


@pytest.mark.contract("3.1", "3.2", "3.3", "3.5", "3.6")
@one_engine
def test_all_members(make_api: Callable[..., ApiFixture]) -> None:
    api = make_api(public_url="https://gifts.example.com/api")
    response = api.call("GET", "/v1/giftcards/%C3%A9?x=1", headers={"X-Request-Id": "mine"})
    assert problem(response, 404, "gift_card_not_found") == {
        "type": "https://gifts.example.com/api/errors/gift_card_not_found",
        "title": "No such gift card",
        "status": 404,
        "detail": "There is no gift card é in this store.",
        "code": "gift_card_not_found",
        "instance": "/v1/giftcards/%C3%A9",
        "requestId": "mine",
    }
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.contract("3.2", "3.8")
@one_engine
def test_a_validation_problem_lists_messages_by_field(api: ApiFixture) -> None:
    body = problem(api.call("POST", GRANT, json={"credit": -1}), 400, "validation_failed")
    assert body["errors"] == {"credit": ["must be an integer from 1 to 2147483647"]}
    assert body["detail"] == "credit: must be an integer from 1 to 2147483647."


def fields_of(struct: Any) -> list[str]:
    """Return the names of a query's or a body's fields, as JSON has them."""
    return [] if struct is None else [field.encode_name for field in msgspec.structs.fields(struct)]


@pytest.mark.contract("3.8")
@pytest.mark.parametrize(
    "route",
    [route for route in ELSEWHERE if fields_of(route.body or route.query)],
    ids=lambda route: f"{route.method} {route.path}",
)
@one_engine
def test_the_detail_has_the_first_reason(api: ApiFixture, route: AnyRoute) -> None:
    """Whatever is wrong with a query or a body: here, everything."""
    path = path_of(route, unit=make_unit(api)["id"])
    wrong = {name: [{}] for name in fields_of(route.body or route.query)}
    sent = {"json": wrong} if route.body else {"params": dict.fromkeys(wrong, "\n")}
    headers = {"X-Customer-Token": CustomerPage(api).token}
    response = api.call(route.method, path, headers=headers, **sent)
    body = problem(response, 400, "validation_failed")
    (first, (message, *_)), *others = body["errors"].items()
    assert body["detail"].startswith(f"{first}: {message}.")
    assert all(field in body["detail"] for field, _ in others)


def failures(base: type[Failure] = Failure) -> Iterator[type[Failure]]:
    """Walk all kinds of failure."""
    for kind in base.__subclasses__():
        yield kind
        yield from failures(kind)


@pytest.mark.contract("3.2")
def test_every_failure_has_a_code_a_status_and_words() -> None:
    kinds = [kind for kind in failures() if hasattr(kind, "code")]  # others are only bases
    assert set(kinds) == PROBLEMS.keys()
    assert len({kind.code for kind in kinds}) == len(kinds)
    for found in PROBLEMS.values():
        assert 400 <= found.status <= 599
        assert found.title
        assert found.remedy


def accepting(api: ApiFixture, *accept: str) -> Any:
    """Provoke a problem with these Accept headers."""
    api.client.headers.pop("accept", None)
    headers = [("X-API-Key", api.key), *(("Accept", line) for line in accept)]
    return api.client.get("/v1/giftcards/x", headers=headers)


@pytest.mark.contract("3.1", "3.9")
@pytest.mark.parametrize(
    "accept",
    [
        (),
        ("*/*",),
        ("application/*",),
        ("application/problem+json",),
        ("APPLICATION/Problem+JSON ; q=0.3",),
        ("text/html, */*;q=0.1",),
        ("application/json, application/problem+json;q=0.5",),
        ("application/json", "application/problem+json"),
        ("application/json;q=0, */*",),
    ],
    ids=str,
)
@one_engine
def test_who_takes_problems_gets_them(api: ApiFixture, accept: tuple[str, ...]) -> None:
    problem(accepting(api, *accept), 404, "gift_card_not_found")


@pytest.mark.contract("3.9", "3.16")
@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "text/html",
        "text/html, application/xhtml+xml",
        "application/problem+xml",
        "application/problem+json;q=0",
        "*/*;q=0",
        "application/json, */*; q=0.000",
        "application/problem+json;q=0, */*",
        "application/*;q=0, */*",
        "text/*",
    ],
)
@one_engine
def test_who_does_not_gets_the_same_as_json(api: ApiFixture, accept: str) -> None:
    usual = problem(accepting(api), 404, "gift_card_not_found")
    response = accepting(api, accept)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    mine = response.headers["x-request-id"]
    assert response.json() == usual | {"requestId": mine}


@pytest.mark.contract("3.10", "6.14")
@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/v1", "/v1/", "/v1/store/", "/V1/store", "/v1/store/x", "/v2/store",
        "/v1/giftcards", "/v1/giftcards/", "/v1/giftcards/a/b", "/v1/customers//giftcards",
        "/v1/giftcards/x/actions/redeem", "/ext/v1/nothing", "/static/nothing", "/static/",
        "/static/..%2fapp.py", "/.env", "/wp-login.php",
    ],
)  # fmt: skip
@one_engine
def test_unknown_path(api: ApiFixture, path: str) -> None:
    for key in (api.key, None):
        body = problem(api.call("GET", path, key=key), 404, "path_not_found")
        assert body["instance"] == path


@pytest.mark.contract("3.10")
@pytest.mark.parametrize("path", sorted({route.path for route in ELSEWHERE} - {"/"}))
@one_engine
def test_a_slash_too_many(api: ApiFixture, path: str) -> None:
    filled = path.format(**PARTS)
    for wrong in (f"{filled}/", f"{filled}//", f"//{filled[1:]}"):
        body = problem(api.call("GET", f"http://shop.test{wrong}"), 404, "path_not_found")
        assert f" {path} " in body["detail"]


@pytest.mark.contract("3.10")
@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/events", "/ext/v1/events"),
        ("/v1/giftcards/x/holds/", "/ext/v1/giftcards/{id}/holds"),
        ("/ext/v1/customers/kelly/giftcards", "/v1/customers/{identifier}/giftcards"),
        ("/store", "/v1/store"),
    ],
)
@one_engine
def test_a_prefix_that_is_another(api: ApiFixture, path: str, meant: str) -> None:
    body = problem(api.call("GET", path), 404, "path_not_found")
    assert body["detail"] == f"There is nothing at this path. Was {meant} meant?"


@pytest.mark.contract("3.10", "6.14")
@one_engine
def test_unknown_path_whatever_the_method(api: ApiFixture) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
        problem(api.call(method, "/v1/giftcards"), 404, "path_not_found")


@pytest.mark.contract("3.11")
@one_engine
def test_another_method(api: ApiFixture) -> None:
    response = api.call("DELETE", "/v1/giftcards/x", key=None)
    said = problem(response, 405, "method_not_allowed")["detail"]
    assert said == "DELETE is not possible here; GET, HEAD and PUT are."
    assert response.headers["allow"] == "GET, HEAD, PUT"
    said = problem(api.call("PUT", GRANT, key=None), 405, "method_not_allowed")["detail"]
    assert said == "PUT is not possible here; POST is."


@one_engine
def test_head_of_a_problem_has_no_body(api: ApiFixture) -> None:
    for path, status in (("/v1/giftcards/x", 404), ("/nothing", 404), (GRANT, 405)):
        response = api.call("HEAD", path)
        assert (response.status_code, response.content) == (status, b"")
        assert response.headers["content-type"] == "application/problem+json"
        assert int(response.headers["content-length"]) > 100


def padded(size: int) -> bytes:
    """Make a valid grant of just this size."""
    return b'{"credit": 5}'.ljust(size)


@pytest.mark.contract("3.12")
@pytest.mark.parametrize("size", [MAX_BODY + 1, 10_000_000])
@pytest.mark.parametrize("chunked", [False, True])
@one_engine
def test_a_body_over_64_kib(api: ApiFixture, size: int, chunked: bool) -> None:
    body = padded(size)
    content = iter([body[: size // 2], body[size // 2 :]]) if chunked else body
    with unchanged(api):
        response = api.call("POST", GRANT, content=content, headers=JSON)
        problem(response, 413, "body_too_large")


@pytest.mark.contract("3.12")
@one_engine
def test_a_body_of_64_kib(api: ApiFixture) -> None:
    assert MAX_BODY == 65_536
    response = api.call("POST", GRANT, content=padded(MAX_BODY), headers=JSON)
    assert response.status_code == 200


@pytest.mark.contract("3.13")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/jsonx"},
        {"Content-Type": "application/xml"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        JSON | {"Content-Encoding": "gzip"},
        JSON | {"Content-Encoding": "identity, br"},
    ],
    ids=str,
)
@one_engine
def test_a_body_that_is_not_declared_as_json(api: ApiFixture, headers: dict[str, str]) -> None:
    card = api.grant()
    with unchanged(api):
        for method, path in (("POST", GRANT), ("PUT", f"/v1/giftcards/{card['id']}")):
            response = api.call(method, path, content=b'{"credit": 5}', headers=headers)
            problem(response, 415, "media_type_unsupported")


@pytest.mark.contract("3.13")
@pytest.mark.parametrize("coding", ["identity", "Identity", "", " identity , identity"])
@one_engine
def test_no_coding_by_its_name(api: ApiFixture, coding: str) -> None:
    headers = JSON | {"Content-Encoding": coding}
    assert api.call("POST", GRANT, content=b'{"credit": 5}', headers=headers).status_code == 200
    many = {"Content-Type": "application/jsonl", "Content-Encoding": coding}
    row = b'{"identifier": "kelly", "credit": 5}'
    response = api.call("POST", "/ext/v1/giftcards/bulk", content=row, headers=many)
    assert response.json()["granted"] == 1


@pytest.mark.contract("1.2", "3.13")
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/a+json",
    ],
)
@one_engine
def test_json_by_other_names(api: ApiFixture, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    response = api.call("POST", GRANT, content=b'{"credit": 5}', headers=headers)
    assert response.status_code == 200


@pytest.mark.contract("3.15")
def test_the_database_is_away_and_comes_back(api: ApiFixture, outage: Outage) -> None:
    card = api.grant()
    path = f"/v1/giftcards/{card['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PUT", path, {"credit": 1}),
        ("POST", GRANT, {"credit": 5}),
        ("GET", "/v1/store", None),
    ]
    with outage(api):
        for method, url, body in calls:
            response = api.call(method, url, json=body, headers={"Idempotency-Key": method})
            found = problem(response, 503, "database_unavailable")
            assert int(response.headers["retry-after"]) == found["retryAfter"] > 0
    assert api.card(card["id"]) == card
    for method, url, body in calls:
        response = api.call(method, url, json=body, headers={"Idempotency-Key": method})
        assert (response.status_code, "idempotent-replayed" in response.headers) == (200, False)


@pytest.mark.contract("3.15")
def test_a_new_key_while_the_database_is_away(api: ApiFixture, outage: Outage) -> None:
    key = api.add_key("store:read").key
    with outage(api):
        problem(api.call("GET", "/v1/store", key=key), 503, "database_unavailable")
    assert api.call("GET", "/v1/store", key=key).status_code == 200


@pytest.mark.contract("3.16")
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("hush"), 500, "internal_error"),
        (KeyError("hush"), 500, "internal_error"),
        (DatabaseUnavailable("hush"), 503, "database_unavailable"),
    ],
    ids=repr,
)
def test_no_particulars_of_a_defect(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    async def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(giftcards, "read_with_held", broken)
    monkeypatch.setattr(residents, "find_all", broken)
    with unchanged(api), capture_logs() as logged:
        for response in (
            api.call("GET", "/ext/v1/giftcards/01a204e9-30c6-74a5-bbe9-a476686297b6"),
            api.call("POST", GRANT, json={"credit": 5}),
        ):
            problem(response, status, code)
            for word in ("hush", "Traceback", "File ", "Error:", ".py"):
                assert word not in response.text
    assert repr(logged).count("hush") == 2


@pytest.mark.contract("3.16")
@one_engine
def test_answers_are_never_html(api: ApiFixture) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml"}
    for path in ("/v1/store", "/v1/customers/kelly/giftcards", "/v1/giftcards/x", "/v1/nothing"):
        for key in (api.key, None):
            response = api.call("GET", path, key=key, headers=browser)
            assert response.headers["content-type"] == "application/json"
            assert response.headers["x-content-type-options"] == "nosniff"
