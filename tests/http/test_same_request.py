"""Which requests an idempotency key takes for the same: those that ask for the same."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from gridgift.http.api.bulk import read_rows
from gridgift.http.edge.request import fingerprint
from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests.api import ApiFixture, problem
from tests.http.checks import unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import TEXTURE, path_of, prepared

KEYED: Final = [route for route in ROUTES if route.keyed]
each_keyed = pytest.mark.parametrize("route", KEYED, ids=lambda r: f"{r.method} {r.path}")

KNOWN: Final = Path(__file__).with_name("fingerprints.json")
OTHERS: Final = {"kind": "terminal", "maxCards": 7}  # of fields that take certain words or null

Send = Callable[[str, str], Any]


def sender(api: ApiFixture, route: AnyRoute) -> Send:
    """Return what sends a body, as it is written, to a path: always with one idempotency key."""
    headers = {"Idempotency-Key": "once", "X-Customer-Token": CustomerPage(api).token}
    if route.rows is not None:
        headers["Content-Type"] = next(iter(route.rows))
    elif route.body is not None:
        headers["Content-Type"] = "application/json"
    return lambda path, text: api.call(route.method, path, content=text, headers=headers)


def objects_of(route: AnyRoute, body: Any) -> list[dict[str, Any]]:
    """Return the JSON objects that a route's body has: one, one a row, or none."""
    if route.rows is not None:
        return [json.loads(line) for line in next(iter(route.rows.values())).splitlines()]
    return [] if body is None else [body]


def ways_to_write(value: dict[str, Any]) -> list[str]:
    """Write an object on one line in several ways, the plainest first."""
    backward = json.dumps(dict(reversed(value.items())), separators=(" , ", " : "))
    return [
        json.dumps(value),
        backward,
        json.dumps(value | {"unknown": [None, 1.5]}, separators=(",", ":")),
        re.sub(r"(?<= )(-?[0-9]+)(?= [,}]|}$)", r"\1.0", backward),
        re.sub(r'(?<=")[a-z]', lambda found: f"\\u{ord(found[0]):04x}", backward),
    ]  # fmt: skip


def texts(objects: list[dict[str, Any]]) -> list[str]:
    """Write a body, which may have no object, in several ways."""
    return ["\n".join(ways) for ways in zip(*map(ways_to_write, objects), strict=True)] or [""]


def others(objects: list[dict[str, Any]]) -> list[str]:
    """Write bodies that ask for something else: each time one value is another."""
    found = []
    for number, each in enumerate(objects):
        for name, value in each.items():
            another = OTHERS[name] if name in OTHERS else other(value)
            changed = [*objects[:number], each | {name: another}, *objects[number + 1 :]]
            found.append(texts(changed)[0])
    return found


def other(value: Any) -> Any:
    """Return another value that the same field can have."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[1:]
    if isinstance(value, dict):
        return value | {"another": "one"}
    if value is None or re.fullmatch(r"[0-9a-f-]{36}", value):
        return TEXTURE
    for year, next_year in (("2027", "2028"), ("2099", "2199")):
        if year in value:
            return value.replace(year, next_year)
    return f"{value}x"


def in_upper_case(path: str) -> str:
    """Write the UUIDs of a path as some programs do."""
    return re.sub(r"[0-9a-f-]{36}", lambda found: found[0].upper(), path)


@pytest.mark.contract("10.3", "10.4", "10.73")
@each_keyed
def test_what_asks_for_the_same_is_the_same(api: ApiFixture, route: AnyRoute) -> None:
    parts, body = prepared(api, route)
    path, objects, send = path_of(route, **parts), objects_of(route, body), sender(api, route)
    ways = texts(objects)
    assert len(set(ways)) >= (4 if objects else 1)
    first = send(path, ways[0])
    assert first.status_code == route.status, first.text
    with unchanged(api):
        for text in ways:
            again = send(f"{path}?unknown=1", text)
            assert again.headers.get("idempotent-replayed") == "true", text
            assert again.content == first.content
        again = send(in_upper_case(path), ways[0])
        assert again.headers.get("idempotent-replayed") == "true"
        assert again.content == first.content


@pytest.mark.contract("10.4", "10.73")
@each_keyed
def test_what_asks_for_something_else_is_not(api: ApiFixture, route: AnyRoute) -> None:
    parts, body = prepared(api, route)
    elsewhere, _ = prepared(api, route)
    objects, send = objects_of(route, body), sender(api, route)
    path = path_of(route, **parts)
    assert send(path, texts(objects)[0]).status_code == route.status
    with unchanged(api):
        for text in others(objects):
            problem(send(path, text), 422, "idempotency_key_reused")
        if "{id}" in path:
            response = send(path_of(route, **elsewhere), texts(objects)[0])
            problem(response, 422, "idempotency_key_reused")
        if route.query is not None:
            response = send(f"{path}?atomic=true", texts(objects)[0])
            problem(response, 422, "idempotency_key_reused")


@pytest.mark.contract("10.3", "10.5")
@each_keyed
def test_answers_of_the_version_before_are_replayed(api: ApiFixture, route: AnyRoute) -> None:
    """It knew a request by a digest of its method, its path with query, and its body's bytes."""
    parts, body = prepared(api, route)
    path, objects, send = path_of(route, **parts), objects_of(route, body), sender(api, route)
    text = texts(objects)[0]
    first = send(path, text)
    known = hashlib.sha256(f"{route.method}\n{path}\n{text}".encode()).hexdigest()
    written = f"x'{known}'" if api.settings.sqlite_path else f"'\\x{known}'"
    api.sql(f"UPDATE idempotency_keys SET fingerprint = {written}")
    with unchanged(api):
        assert send(path, text).content == first.content
        for changed in others(objects):
            problem(send(path, changed), 422, "idempotency_key_reused")


def fingerprints() -> dict[str, str]:
    """Return the fingerprint of each keyed route's example, of each type of rows as well."""
    found: dict[str, str] = {}
    for route in KEYED:
        query = None if route.query is None else route.query()
        name = f"{route.method} {route.path}"
        if route.body is not None:
            asked = msgspec.convert(route.body_example, route.body)
            found[name] = fingerprint(route.method, route.path, query, asked).hex()
        for media_type, text in (route.rows or {}).items():
            headers = {b"content-type": media_type.encode()}
            rows = read_rows(text.encode(), headers, "America/Los_Angeles")
            found[f"{name} {media_type}"] = fingerprint(route.method, route.path, query, rows).hex()
    return found


@pytest.mark.contract("10.3", "10.5")
def test_a_new_version_knows_the_requests_of_the_one_before() -> None:
    """A member that is new is UNSET where it is left out; so a retry across an update is the same.

    Another example, or a route that is new, changes the file beside this; nothing else may.
    """
    assert fingerprints() == json.loads(KNOWN.read_text())
