"""Texts that can't be kept: refused at their field wherever the table takes a text."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests.api import KELLY, ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.requests import ELSEWHERE, PARTS, change_credit, ext
from tests.http.test_bulk import CSV, lines, row, send
from tests.http.test_routes import path_of, prepared
from tests.texts import KEPT, hostile

# The database is the same for all examples: refused texts change nothing in it.
several: Final = settings(max_examples=25)
SAMPLES: Final = (  # of what has a form
    "kelly", "key", "credit", "exact", "0" * 32, KELLY.uuid, "2027-01-31", "2027-01-31T12:00:00Z",
    "gift_card.granted", "https://shop.example.com/hooks", "A" * 19,
    "https://shop.example.com", "https://maps.secondlife.com/secondlife/Moonwall/1/2/3",
)  # fmt: skip
MALFORMED: Final = {  # where what is wrong with the value has a code of its own
    "receiverIdentifier": "identifier_malformed",
    "customerIdentifier": "identifier_malformed",
    "cursor": "cursor_invalid",
}
JSON: Final = {"Content-Type": "application/json"}


def strings(struct: type[Any] | None) -> Iterator[str]:
    """Yield the members of a body or a query that are texts, by their names on the wire."""
    if struct is None:
        return
    defined = msgspec.json.schema(struct)["$defs"]
    for name, schema in defined[struct.__name__]["properties"].items():
        if '"string"' in json.dumps(schema):
            yield name


def cases(part: str) -> list[Any]:
    """List each route with each text in its body, or in its query."""
    return [
        pytest.param(route, name, id=f"{route.method} {route.path} {name}")
        for route in ELSEWHERE
        for name in strings(getattr(route, part))
    ]


def token_of(api: ApiFixture) -> dict[str, str]:
    """Make a header that opens Kelly's own page."""
    minted = api.call("POST", "/v1/customer-tokens", json={"customerIdentifier": "kelly"})
    return {"X-Customer-Token": minted.json()["token"]}


def refused_at(response: Any, name: str) -> None:
    """Assert that a value was refused, and that the refusal names it."""
    if name in MALFORMED and response.json()["code"] == MALFORMED[name]:
        problem(response, 400, MALFORMED[name])
    else:
        assert name in problem(response, 400, "validation_failed")["errors"]


def test_all_texts_are_found() -> None:
    found = {(case.values[0].path.rpartition("/")[2], case.values[1]) for case in cases("body")}
    assert {("adjust", "reason"), ("refund", "reference"), ("spend", "reason")} <= found
    assert ("giftcards", "cursor") in {
        (case.values[0].path.rpartition("/")[2], case.values[1]) for case in cases("query")
    }


@pytest.mark.contract("10.15")
@pytest.mark.parametrize(("route", "name"), cases("body"))
@one_engine
def test_in_a_body(api: ApiFixture, route: AnyRoute, name: str) -> None:
    """With an idempotency key too, whose fingerprint is made of what was decoded."""
    parts, body = prepared(api, route)
    headers = JSON | token_of(api) | {"Idempotency-Key": "k"}

    @several
    @given(hostile())
    @example("\ud800")
    @example("a\0")
    @example("a\n")
    def refused(text: str) -> None:
        content = json.dumps(body | {name: text}).encode()
        response = api.call(route.method, path_of(route, **parts), content=content, headers=headers)
        refused_at(response, name)

    with unchanged(api):
        refused()


NOT_SHOWN: Final = "a\ud800b\0"


def nested(value: Any, text: str) -> Iterator[Any]:
    """Yield a body again and again: each time with a text at another place within it."""
    if isinstance(value, dict):
        yield value | {text: 1}
        for name, inner in value.items():
            yield from ({**value, name: each} for each in nested(inner, text))
    else:
        yield from (text, [text], {text: text}, [{text: [text]}])


@pytest.mark.contract("10.15")
@one_engine
def test_at_any_place_of_a_body(api: ApiFixture) -> None:
    """As an element of a list, within an object, or as a name: refusals repeat some of them."""
    for route in ELSEWHERE:
        if route.body is None:
            continue
        parts, body = prepared(api, route)
        members = [each.encode_name for each in msgspec.structs.fields(route.body)]
        headers = JSON | token_of(api)
        for content in nested(dict.fromkeys(members) | (body or {}), NOT_SHOWN):
            path = path_of(route, **parts)
            sent = json.dumps({name: each for name, each in content.items() if each is not None})
            answer = api.call(route.method, path, content=sent, headers=headers)
            assert answer.status_code < 500, (route.path, content)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}], ids=["bare", "keyed"])
def test_what_is_ignored_may_be_any_text(api: ApiFixture, headers: dict[str, str]) -> None:
    card = api.grant()["id"]
    content = json.dumps({"delta": 1, "reason": "x", "\ud800": "\ud800", "more": ["\0"]})
    path = f"/ext/v1/giftcards/{card}/actions/adjust"
    adjusted = api.call("POST", path, content=content.encode(), headers=JSON | headers)
    assert adjusted.status_code == 200
    ignored = send(api, lines(row(more="\ud800")), headers=headers and {"Idempotency-Key": "l"})
    assert ignored.json()["granted"] == 1


def percent_encoded(text: str) -> str:
    """Percent-encode a text, also one that is no UTF-8 then."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def patterns(struct: type[Any] | None) -> Iterator[tuple[str, str]]:
    """Yield the members of a body or a query whose texts must have a form, and that pattern."""
    for name in strings(struct):
        defined = msgspec.json.schema(struct)["$defs"]
        schema = defined[struct.__name__]["properties"][name]  # type: ignore[union-attr]
        for each in (schema, *schema.get("anyOf", ())):
            if "pattern" in each:
                yield name, each["pattern"]


def ended(api: ApiFixture, route: AnyRoute, part: str, member: str, text: str) -> Any:
    """Send a text in a member of the body or of the query."""
    parts, body = prepared(api, route)
    query = f"?{member}={percent_encoded(text)}" if part == "query" else ""
    content = json.dumps((body or {}) | {member: text}) if part == "body" else None
    path = path_of(route, **parts) + query
    return api.call(route.method, path, content=content, headers=JSON | token_of(api))


@one_engine
def test_no_newline_follows_what_has_a_form(api: ApiFixture) -> None:
    """Where a pattern ends in "$", Python lets one follow."""
    tried = set()
    for route in ELSEWHERE:
        for part in ("query", "body"):
            for member, pattern in patterns(getattr(route, part)):
                text = next(sample for sample in SAMPLES if re.fullmatch(pattern, sample))
                refused_at(ended(api, route, part, member, f"{text}\n"), member)
                tried.add(member)
    assert {"sort", "source", "tag", "owner", "selection", "expiresAt", "url"} <= tried


@pytest.mark.parametrize(("route", "name"), cases("query"))
@one_engine
def test_in_a_query(api: ApiFixture, route: AnyRoute, name: str) -> None:
    parts, _ = prepared(api, route)
    headers = token_of(api)

    @several
    @given(hostile())
    def refused(text: str) -> None:
        path = f"{path_of(route, **parts)}?{name}={percent_encoded(text)}"
        response = api.call(route.method, path, headers=headers)
        encodes = all(not "\ud800" <= sign <= "\udfff" for sign in text)
        refused_at(response, name if encodes else "query")

    refused()


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES if "{" in route.path}))
def test_in_a_path(api: ApiFixture, path: str) -> None:
    methods = [route.method for route in ROUTES if route.path == path]
    headers = token_of(api)

    @several
    @given(hostile())
    def refused(text: str) -> None:
        parts = dict.fromkeys(PARTS, percent_encoded(text))
        for method in methods:
            response = api.call(method, path.format(**parts), headers=headers)
            assert response.status_code in {400, 404}, response.text

    refused()


def test_in_headers(api: ApiFixture) -> None:
    card = api.grant()["id"]

    @several
    @given(st.binary(min_size=1).filter(lambda raw: not raw.isascii() or min(raw) < 32))
    def refused(raw: bytes) -> None:
        headers = {"Idempotency-Key": raw, "X-Request-Id": raw}
        response = ext(api, card, "adjust", {"delta": 1, "reason": "x"}, headers=headers)
        refused_at(response, "Idempotency-Key")
        assert response.headers["x-request-id"].encode("latin-1") != raw

    with unchanged(api):
        refused()


@pytest.mark.contract("10.71")
def test_one_row_takes_no_other_with_it(api: ApiFixture) -> None:
    """Of a thousand rows one has a text that can't be kept: the others are granted."""

    @settings(several, max_examples=5)
    @given(hostile(), st.integers(0, 999))
    @example("\ud800", 500)
    def granted(text: str, place: int) -> None:
        rows = [row(reason="hunt")] * 999
        rows.insert(place, row(reason=text))
        body = send(api, lines(*rows)).json()
        assert (body["granted"], body["refused"]) == (999, 1)
        assert list(body["results"][place]["problem"]["errors"]) == ["reason"]

    granted()


@pytest.mark.contract("10.15")
@pytest.mark.parametrize("text", KEPT.values(), ids=list(KEPT))
def test_what_people_write_is_kept(api: ApiFixture, text: str) -> None:
    """The same from JSON, from JSON lines and from CSV, and in every field."""
    card = api.grant()["id"]
    assert ext(api, card, "adjust", {"delta": 1, "reason": text}).status_code == 200
    assert change_credit(api, "deposit", 5, reason=text, reference=text).status_code == 200
    cell = '"' + text.replace('"', '""') + '"'
    in_csv = send(api, f"identifier,credit,reason\n{KELLY.uuid},5,{cell}\n".encode(), CSV)
    in_lines = send(api, lines(row(reason=text)))
    for result in (in_csv.json()["results"][0], in_lines.json()["results"][0]):
        assert api.entries(result["id"])[0].reason == text
    assert api.entries(card)[-1].reason == text
    (kept,) = api.sql("SELECT reason FROM entries WHERE kind = 'credit_deposited'")
    assert kept == (text,)


@pytest.mark.contract("10.15")
def test_lengths_are_counted_in_characters(api: ApiFixture) -> None:
    card = api.grant()["id"]
    emoji = "\U0001f381"  # 4 bytes in UTF-8, 2 units in UTF-16
    assert ext(api, card, "adjust", {"delta": 1, "reason": emoji * 200}).status_code == 200
    refused = ext(api, card, "adjust", {"delta": 1, "reason": emoji * 201})
    said = problem(refused, 400, "validation_failed")["errors"]["reason"]
    assert said == ["must have 1 to 200 printable characters"]
