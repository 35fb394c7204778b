"""POST /ext/v1/giftcards/bulk."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings

from gridgift.domain import bulk as domain_bulk
from gridgift.domain.bulk import MAX_ROWS
from gridgift.domain.stores import StoreChanges, update
from gridgift.http.api import bulk
from gridgift.http.api.bulk import MAX_BULK_BODY
from gridgift.storage.database import DatabaseUnavailable
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.bodies import NO_AMOUNTS, NO_TEXTURES, each
from tests.http.checks import check_chain, clean, one_engine, unchanged
from tests.http.requests import TEXTURE, other_stores_key
from tests.test_csv_rows import MUTATIONS, ROWS, mutated

PATH = "/ext/v1/giftcards/bulk"
GRANT = f"/v1/customers/{KELLY.username}/actions/grant-gift-card"
LINES, CSV = "application/jsonl", "text/csv"
NOBODY = "0d0d0d0d-0000-4000-8000-000000000000"


def send(api: ApiFixture, body: str | bytes, kind: str = LINES, **options: Any) -> Any:
    """Send a body as it is; ``atomic=True`` and further headers if wanted."""
    atomic = "?atomic=true" if options.pop("atomic", False) else ""
    headers = {"Content-Type": kind} | options.pop("headers", {})
    return api.call("POST", PATH + atomic, content=body, headers=headers, **options)


def lines(*rows: Any) -> str:
    """Write rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def row(identifier: str = "kelly", credit: Any = 5, **more: Any) -> dict[str, Any]:
    """Make a row."""
    return {"identifier": identifier, "credit": credit} | more


@pytest.mark.contract("10.68")
def test_a_byte_order_mark_before_the_lines(api: ApiFixture) -> None:
    """Programs on Windows write one, as before CSV: it is no part of the first row."""
    body = send(api, "\ufeff" + lines(row("kelly", 5), row("kelly", 6))).json()
    assert (body["granted"], body["refused"]) == (2, 0)
    assert send(api, b"\xef\xbb\xbf").status_code == 400


@pytest.mark.contract("10.67", "10.69", "10.70")
@pytest.mark.parametrize("kind", [LINES, "application/x-ndjson"])
def test_grants_row_by_row(api: ApiFixture, kind: str) -> None:
    rows = [
        row("Kelly Resident", 5, transfer=True, texture=TEXTURE.upper(), reason="hunt"),
        row(JO.uuid.upper(), 2_147_483_647, expiresAt="2030-01-01T00:00:00Z"),
        row("kelly", 5),
        row("kelly", 5),
    ]
    response = send(api, lines(*rows), kind, key=api.add_key("giftcards:write").key)
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["granted"], body["skipped"], body["refused"]) == (4, 0, 0)
    assert [result["row"] for result in body["results"]] == [1, 2, 3, 4]
    ids = [result["id"] for result in body["results"]]
    assert len(set(ids)) == 4, "two rows that are alike are two grants"
    cards = [api.card(card_id) for card_id in ids]
    assert [card["ownerUuid"] for card in cards] == [KELLY.uuid, JO.uuid, KELLY.uuid, KELLY.uuid]
    assert (cards[0]["transfer"], cards[0]["texture"]) == (True, TEXTURE)
    for card_id in ids:
        check_chain(api.entries(card_id))
    assert api.entries(ids[0])[0].reason == "hunt"
    clean(api)


@pytest.mark.contract("10.67")
@pytest.mark.parametrize("lifetime", [None, 30])
def test_a_card_is_the_same_as_of_a_single_grant(api: ApiFixture, lifetime: int | None) -> None:
    api.write(update, api.store.id, StoreChanges(card_lifetime=lifetime))
    for terms in ({}, {"expiresAt": None}, {"transfer": True, "texture": TEXTURE}):
        single = api.grant(credit=7, **terms)["id"]
        many = send(api, lines(row(credit=7, **terms))).json()["results"][0]["id"]
        path = "/ext/v1/giftcards/"
        one, other = (api.call("GET", path + id_).json() for id_ in (single, many))
        assert one | {"id": ""} == other | {"id": ""}
        (first,), (second,) = api.entries(single), api.entries(many)
        assert (first.kind, first.state, first.delta) == (second.kind, second.state, second.delta)


@pytest.mark.contract("10.71")
@one_engine
@pytest.mark.parametrize(
    "terms",
    [
        *each({name: f'"credit": {text}' for name, text in NO_AMOUNTS.items()}),
        *each({f"texture {n}": f'"credit": 5, "texture": {t}' for n, t in NO_TEXTURES.items()}),
        '"credit": 5, "expiresAt": "2020-01-01T00:00:00Z"',
        '"credit": 0, "transfer": 1, "expiresAt": "soon"',
        '"credit": 5, "credit": 6',
        "",
        '"credit": 5',
        "nonsense",
    ],
)
def test_a_row_is_refused_as_a_single_grant_is(api: ApiFixture, terms: str) -> None:
    api.sql(f"DELETE FROM resident_names WHERE username = '{KELLY.username}'")
    headers = {"Content-Type": "application/json"}
    single = api.call("POST", GRANT, content="{" + terms + "}", headers=headers).json()
    comma = ", " if terms else ""
    text = '{"identifier": "kelly"' + comma + terms + "}\n" + lines(row("jo.winter"))
    body = send(api, text).json()
    assert (body["granted"], body["refused"]) == (1, 1)
    first, second = body["results"]
    assert second["id"]
    if terms != "nonsense":
        expected = {name: single[name] for name in ("code", "detail", "errors") if name in single}
        assert first == {"row": 1, "problem": expected}
    assert first["problem"]["code"] in {
        "validation_failed", "body_malformed", "resident_not_found",
    }  # fmt: skip


@pytest.mark.contract("10.71", "10.75")
@one_engine
def test_who_is_refused(api: ApiFixture) -> None:
    named = ["a.b.c", "kelly\0", "nobody", NOBODY, "00000000-0000-0000-0000-000000000000", ""]
    body = send(api, lines(*map(row, named), {"credit": 5}, row(7), row("kelly", reason="a\nb")))
    codes = [result["problem"]["code"] for result in body.json()["results"]]
    malformed, unknown, invalid = "identifier_malformed", "resident_not_found", "validation_failed"
    assert codes == [malformed, malformed, unknown, unknown, malformed, malformed, *[invalid] * 3]
    assert body.json()["granted"] == 0


@pytest.mark.contract("10.72")
def test_all_or_nothing(api: ApiFixture) -> None:
    text = lines(row(), row("nobody"), row(credit=0))
    with unchanged(api):
        response = send(api, text, atomic=True, headers={"Idempotency-Key": "k"})
        body = problem(response, 400, "rows_refused")
    assert [(each["row"], each["problem"]["code"]) for each in body["results"]] == [
        (2, "resident_not_found"), (3, "validation_failed"),
    ]  # fmt: skip
    good = send(api, lines(row(), row()), atomic=True, headers={"Idempotency-Key": "k"})
    assert good.json()["granted"] == 2, "a refusal is not kept"
    problem(
        send(api, lines(row()), headers={"Idempotency-Key": "k"}), 422, "idempotency_key_reused"
    )


@pytest.mark.contract("10.73")
def test_one_idempotency_key_covers_the_whole(api: ApiFixture) -> None:
    headers = {"Idempotency-Key": "many"}
    first = send(api, lines(row(), row("nobody"), row()), headers=headers)
    with unchanged(api):
        again = send(api, lines(row(), row("nobody"), row()), headers=headers)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.content == first.content
        other = send(api, lines(row(), row("nobody"), row(credit=6)), headers=headers)
        problem(other, 422, "idempotency_key_reused")


@pytest.mark.contract("10.68")
@one_engine
def test_how_many_rows(api: ApiFixture) -> None:
    with unchanged(api):
        for text in ("", "\n\n", lines(row()) * (MAX_ROWS + 1)):
            assert "from 1 to 10000 rows" in str(problem(send(api, text), 400, "validation_failed"))
    said = api.call("GET", "/openapi.json").json()["paths"]["/ext/v1/giftcards/bulk"]["post"]
    for described in said["requestBody"]["content"].values():
        assert described["schema"]["minLength"] == 1
        for text in ("identifier,credit\n", "identifier,credit\n" + "kelly,1\n" * (MAX_ROWS + 1)):
            problem(send(api, text, CSV), 400, "validation_failed")
        problem(send(api, b" " * (MAX_BULK_BODY + 1)), 413, "body_too_large")


@pytest.mark.contract("10.68")
def test_ten_thousand_rows(api: ApiFixture) -> None:
    response = send(api, lines(row()) * MAX_ROWS)
    assert response.json()["granted"] == MAX_ROWS
    assert api.sql("SELECT count(*), sum(credit) FROM gift_cards") == [(MAX_ROWS, 5 * MAX_ROWS)]
    clean(api)


@pytest.mark.contract("10.68")
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": ""},
        {"Content-Type": "text/csv; charset=latin-1"},
        {"Content-Type": LINES, "Content-Encoding": "gzip"},
        {"Content-Type": LINES, "Content-Encoding": "identity,gzip"},
    ],
    ids=str,
)
@one_engine
def test_other_media_types(api: ApiFixture, headers: dict[str, str]) -> None:
    with unchanged(api):
        body = problem(send(api, lines(row()), headers=headers), 415, "media_type_unsupported")
    assert "text/csv" in body["detail"]


@pytest.mark.contract("10.74")
def test_allomancys_columns(api: ApiFixture) -> None:
    """The UUID is the identity: over HTTP nobody gets another name by it."""
    text = (
        "\ufeffKey;Customer;Gift Card Credits;Note\r\n"
        f"{KELLY.uuid};Someone Else;500;x\r\n\r\n;Jo Winter;0;\r\n;jo.winter;7;\r\n"
    )
    names = api.sql("SELECT * FROM resident_names ORDER BY username")
    body = send(api, text.encode(), "text/csv; charset=utf-8").json()
    assert (body["granted"], body["skipped"], body["refused"]) == (2, 1, 0)
    assert body["results"][1] == {"row": 2}
    card = body["results"][0]["id"]
    assert api.card(card)["ownerUsername"] == "kelly"
    assert len(api.entries(card)) == 1, "a column note is ignored"
    assert api.sql("SELECT * FROM resident_names ORDER BY username") == names


@pytest.mark.contract("10.74")
@pytest.mark.parametrize(
    "text",
    [
        "kelly,500\n", "identifier\nkelly\n", "credit\n5\n",
        "identifier,credit,Credit\nkelly,5,5\n",
        "identifier,key,credit\nkelly,x,5\n", "identifier,credit,gift card credits\nkelly,5,5\n",
        "\0\1\2\n", b"\xff\xfei\0d\0", "x" * 70_000, '"identifier,credit\n',
    ],
)  # fmt: skip
@one_engine
def test_a_csv_whose_columns_are_not_clear(api: ApiFixture, text: str | bytes) -> None:
    with unchanged(api):
        assert "body" in problem(send(api, text, CSV), 400, "validation_failed")["errors"]


@pytest.mark.contract("10.74")
@one_engine
def test_rows_of_a_csv(api: ApiFixture) -> None:
    rows = {
        "kelly,5,TRUE,,never,why": None,
        "kelly,5,,,2030-01-31,": None,
        "kelly,,,,,": "credit",
        "kelly,5.5,,,,": "credit",
        "kelly,-1,,,,": "credit",
        "kelly,2147483648,,,,": "credit",
        "kelly,٥,,,,": "credit",
        "kelly,5,maybe,,,": "transfer",
        "kelly,5,,x,,": "texture",
        "kelly,5,,,2020-01-01,": "expiresAt",
        "kelly,5,,,soon,": "expiresAt",
        "kelly,5,,,," + "x" * 201: "reason",
        "kelly,5,,,,\0": "reason",
        "kelly,5": None,
        "kelly,5,,,,,,": None,
        "kelly": "credit",
        "kelly,5,,,,a,b": "row",
        '"kelly"x,5,,,,': "row",
        "kelly,5,,,," + "x" * 70_000: "row",
    }
    text = "identifier,credit,transfer,texture,expires_at,reason\n" + "\n".join(rows)
    results = send(api, text, CSV).json()["results"]
    for said, field in zip(results, rows.values(), strict=True):
        assert list(said.get("problem", {}).get("errors", {})) == ([field] if field else [])


@pytest.mark.contract("10.70", "10.74")
def test_each_row_of_a_csv_is_counted_once(api: ApiFixture) -> None:
    """Granted, skipped and refused are together the rows, whatever is in them."""
    text = "identifier,gift card credits,reason"

    @settings(max_examples=40)
    @given(MUTATIONS)
    def counted(mutations: list[tuple[int, int, str]]) -> None:
        rows = [f'kelly,{number % 3},"prize"' for number in range(ROWS)]
        harmed = mutated(rows, mutations)
        body = send(api, "\n".join([text, *rows]).encode(errors="surrogateescape"), CSV).json()
        assert body["granted"] + body["skipped"] + body["refused"] == len(body["results"]) == ROWS
        cards = [number for number, result in enumerate(body["results"]) if "id" in result]
        assert {n for n in set(range(ROWS)) - harmed if n % 3} <= set(cards)
        assert len(cards) == body["granted"]

    counted()
    clean(api)


@pytest.mark.contract("10.74")
def test_a_date_in_a_csv_is_a_day_of_the_store(api: ApiFixture) -> None:
    for zone, end in (
        (None, "2027-02-01T08:00:00Z"),
        ("Europe/Berlin", "2027-01-31T23:00:00Z"),
    ):
        if zone is not None:
            api.write(update, api.store.id, StoreChanges(time_zone=zone))
        made = send(api, "identifier,credit,expires_at\nkelly,5,2027-01-31\n", CSV).json()
        path = f"/ext/v1/giftcards/{made['results'][0]['id']}"
        assert api.call("GET", path).json()["expiresAt"] == end


@pytest.mark.contract("10.67")
def test_another_stores_key_grants_there(api: ApiFixture) -> None:
    key = other_stores_key(api, "giftcards:write")
    made = send(api, lines(row()), key=key).json()["results"][0]["id"]
    problem(api.call("GET", f"/v1/giftcards/{made}"), 404, "gift_card_not_found")


@pytest.mark.contract("10.67")
def test_the_scope(api: ApiFixture) -> None:
    with unchanged(api):
        response = send(api, lines(row()), key=api.add_key("giftcards:read").key)
        assert "giftcards:write" in problem(response, 403, "scope_missing")["detail"]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows in one transaction."""
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 3)


MANY = [row("kelly", 1 + number) for number in range(7)]
MANY[4] = row("nobody")


@pytest.mark.contract("10.67", "10.70")
def test_many_rows_are_granted_in_parts_and_answered_as_one(
    api: ApiFixture, small_parts: None
) -> None:
    body = send(api, lines(*MANY)).json()
    assert (body["granted"], body["skipped"], body["refused"]) == (6, 0, 1)
    assert [result["row"] for result in body["results"]] == list(range(1, 8))
    assert body["results"][4]["problem"]["code"] == "resident_not_found"
    found = [api.card(each["id"])["credit"] for each in body["results"] if "id" in each]
    assert found == [1, 2, 3, 4, 6, 7]
    clean(api)


@pytest.mark.contract("10.73")
def test_a_bulk_in_parts_is_done_once_under_its_key(api: ApiFixture, small_parts: None) -> None:
    once = {"Idempotency-Key": "once"}
    first, again = (send(api, lines(*MANY), headers=once) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    problem(send(api, lines(*MANY[1:]), headers=once), 422, "idempotency_key_reused")
    assert api.sql("SELECT count(*) FROM gift_cards") == [(6,)]


@pytest.mark.contract("10.73")
@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_bulk_that_broke_off_goes_on_where_it_was(
    api: ApiFixture, small_parts: None, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    """The database goes away after some parts; the same request grants the others only."""
    granted = []

    async def fail_after(tx: Any, caller: Any, rows: Any, ids: Any, **more: Any) -> Any:
        if len(granted) == done:
            raise DatabaseUnavailable("away")
        granted.append(rows)
        return await grant(tx, caller, rows, ids, **more)

    once, grant = {"Idempotency-Key": "once"}, domain_bulk.grant
    monkeypatch.setattr(domain_bulk, "grant", fail_after)
    problem(send(api, lines(*MANY), headers=once), 503, "database_unavailable")
    monkeypatch.setattr(domain_bulk, "grant", grant)
    body = send(api, lines(*MANY), headers=once).json()
    assert (body["granted"], len(body["results"])) == (6, 7)
    assert api.sql("SELECT count(*) FROM gift_cards") == [(6,)]
    assert send(api, lines(*MANY), headers=once).json() == body


@pytest.mark.contract("10.72")
def test_all_or_none_is_one_transaction(api: ApiFixture, small_parts: None) -> None:
    with unchanged(api):
        problem(send(api, lines(*MANY), atomic=True), 400, "rows_refused")
    good = [each for each in MANY if each["identifier"] == "kelly"]
    assert send(api, lines(*good), atomic=True).json()["granted"] == 6


@one_engine
def test_an_older_rest_of_a_bulk_is_never_its_answer(api: ApiFixture, small_parts: None) -> None:
    """The first part's answer was forgotten, a moment before those of the other parts."""
    once = {"Idempotency-Key": "once"}
    send(api, lines(*MANY), headers=once)
    api.sql("DELETE FROM idempotency_keys WHERE key NOT LIKE '%' || char(10) || '%'")
    send(api, lines(*MANY), headers=once)
    assert api.sql("SELECT count(*) FROM gift_cards") == [(12,)]


@one_engine
def test_threads_hand_over_sooner_only_while_rows_are_read(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, seen = sys.getswitchinterval(), []
    read = bulk.read_rows

    def watched(*args: Any) -> Any:
        seen.append(sys.getswitchinterval())
        return read(*args)

    monkeypatch.setattr(bulk, "read_rows", watched)
    assert send(api, lines(row())).json()["granted"] == 1
    assert seen == [pytest.approx(bulk.SWITCH_WITHIN)]
    assert sys.getswitchinterval() == usual


@pytest.mark.contract("10.5")
def test_a_bulk_is_repeated_whole_until_its_answer_ends(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parts end together, however long it takes to repeat them."""
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 1)
    once, rows, key_of_part = {"Idempotency-Key": "once"}, lines(row(), row()), bulk.key_of_part
    first = send(api, rows, headers=once)
    assert first.json()["granted"] == 2

    def later(key: Any, begun: Any, done: int) -> Any:
        api.clock.advance(1 if begun else 0)
        return key_of_part(key, begun, done)

    monkeypatch.setattr(bulk, "key_of_part", later)
    api.clock.advance(7 * 86_400 - 0.5)
    again = send(api, rows, headers=once)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert api.sql("SELECT count(*) FROM gift_cards") == [(2,)]
