"""References, tags, metadata and notes over HTTP: what comes in, what goes out, who may."""

import json
from typing import Any

import pytest

from gridgift.domain.labels import MAX_MEMBERS, MAX_METADATA, MAX_NAME, MAX_TAG, MAX_TAGS, MAX_VALUE
from gridgift.domain.notes import MAX_TEXT
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import check_chain, clean, one_engine, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import etag_of, ext, other_stores_key

UNPRINTABLE = ("\0", "a\nb", "\x7f", "\u2028", "\u202e")
GRANT = "/v1/customers/kelly/actions/grant-gift-card"
ORDER = {"reference": "order 7", "tags": ["vip", "hunt", "vip"], "metadata": {"b": "2", "a": "1"}}
LABELS = {"reference": "order 7", "tags": ["hunt", "vip"], "metadata": {"a": "1", "b": "2"}}
NONE = {"reference": None, "tags": [], "metadata": {}}
TEXTS = {"bulk": "application/jsonl", "csv": "text/csv"}


def labels(api: ApiFixture, card_id: str) -> Any:
    """Read a card's labels."""
    response = api.call("GET", f"/ext/v1/giftcards/{card_id}/labels")
    assert response.status_code == 200, response.text
    assert response.headers["etag"] == etag_of(api, card_id)
    return response.json()


@pytest.mark.contract("10.76", "10.77", "10.80")
def test_an_order_grants_once(api: ApiFixture) -> None:
    """Also under other idempotency keys, at another time, and after the card was used."""
    body = {"credit": 5} | ORDER
    first = api.call("POST", GRANT, json=body)
    assert first.status_code == 200, first.text
    card = first.json()
    assert len(card) == 9
    assert labels(api, card["id"]) == LABELS
    for headers in ({}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "b"}):
        with_defaults = body | {"transfer": False, "tags": ["hunt", "vip"]}
        again = api.call("POST", GRANT, json=with_defaults, headers=headers)
        assert (again.status_code, again.json()) == (200, card)
        assert again.headers["etag"] == first.headers["etag"]
        assert "idempotent-replayed" not in again.headers
    assert CustomerPage(api).redeem(card["id"]).status_code == 200
    api.clock.advance(86_400)
    assert api.call("POST", GRANT, json=body).json() == card | {"credit": 0, "redeemed": True}
    assert len(api.entries(card["id"])) == 2
    clean(api)


@pytest.mark.contract("10.78")
def test_another_request_under_it_is_refused(api: ApiFixture) -> None:
    card = api.grant(credit=5, reference="order 7")["id"]
    with unchanged(api):
        other = api.call("POST", GRANT, json={"credit": 6, "reference": "order 7"})
        detail = problem(other, 400, "reference_taken")["detail"]
        assert card in detail
        assert detail.endswith("another credit.")
        line = json.dumps({"identifier": JO.uuid, "credit": 5, "reference": "order 7"})
        headers = {"Content-Type": "application/jsonl"}
        answer = api.call("POST", "/ext/v1/giftcards/bulk", content=line, headers=headers).json()
        (row,) = answer["results"]
        assert row["problem"]["code"] == "reference_taken"
        assert row["problem"]["detail"].endswith("another owner.")


@pytest.mark.contract("10.76")
def test_without_a_reference_each_request_grants(api: ApiFixture) -> None:
    for _ in range(2):
        assert labels(api, api.grant(reference=None, tags=[], metadata={})["id"]) == NONE
    assert len(api.call("GET", "/v1/customers/kelly/giftcards").json()["data"]) == 2


LONG = "x" * (MAX_VALUE - 20)
BAD: dict[str, list[Any]] = {
    "reference": ["", "x" * 201, 5, [], "a\nb"],
    "tags": [
        [str(number) for number in range(MAX_TAGS + 1)], ["x" * (MAX_TAG + 1)], "vip", {}, [5],
        *([tag] for tag in ("", " ", " a", "a ", "a,b", "a;b", ",", "\u00a0", "\u200b \u2060",
                             *UNPRINTABLE)),
    ],
    "metadata": [
        {str(number): "" for number in range(MAX_MEMBERS + 1)}, {"": "a"},
        {"x" * (MAX_NAME + 1): "a"}, {"a": "x" * (MAX_VALUE + 1)}, {"a": 5}, {"a": None},
        {"a": {}}, [], "a", 5,
        {str(number): LONG for number in range(MAX_METADATA // len(LONG) + 1)},
        *({"a": text} for text in UNPRINTABLE), *({text: "a"} for text in UNPRINTABLE),
    ],
}  # fmt: skip


@pytest.mark.contract("10.79")
@pytest.mark.parametrize("name", BAD)
@one_engine
def test_what_is_not_acceptable(api: ApiFixture, name: str) -> None:
    card = api.grant()["id"]
    with unchanged(api):
        for bad in BAD[name]:
            for answer in (
                api.call("POST", GRANT, json={"credit": 5, name: bad}),
                ext(api, card, "label", {name: bad}),
            ):
                assert list(problem(answer, 400, "validation_failed")["errors"]) == [name], bad


@pytest.mark.contract("10.79")
def test_the_largest_labels(api: ApiFixture) -> None:
    tags = sorted(f"{number:02} {'é' * (MAX_TAG - 3)}" for number in range(MAX_TAGS))
    metadata = {str(number): "東" for number in range(MAX_MEMBERS - 1)}
    rest = MAX_METADATA - len(
        json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()
    )
    metadata |= {"x" * MAX_NAME: "x" * min(rest - MAX_NAME - 6, MAX_VALUE)}
    wanted = {"reference": "é" * 200, "tags": tags, "metadata": metadata}
    card = api.grant(**wanted)["id"]
    assert labels(api, card) == wanted
    clean(api)


@pytest.mark.contract("10.81", "10.85")
def test_sets_what_is_named(api: ApiFixture) -> None:
    card = api.grant()["id"]
    now = dict(NONE)
    for body in (
        {"tags": ["b", "a", "b"]}, {"metadata": {"x": "1"}}, {}, {"tags": ["a", "b"]},
        {"reference": "order 9"}, {"reference": "order 9", "metadata": {}}, {"tags": []},
    ):  # fmt: skip
        answer = ext(api, card, "label", body)
        assert answer.status_code == 200, answer.text
        now |= body | ({"tags": sorted(set(body["tags"]))} if "tags" in body else {})
        assert answer.json() == now == labels(api, card)
        assert answer.headers["etag"] == etag_of(api, card)
    entries = api.entries(card)
    check_chain(entries)
    assert [entry.kind for entry in entries] == ["granted", *["labelled"] * 5]
    path = f"/ext/v1/giftcards/{card}/entries"
    states = [entry["state"].get("labels") for entry in api.call("GET", path).json()["data"]]
    assert states[0] is None
    assert states[-1] == {"reference": "order 9"}
    clean(api)


@pytest.mark.contract("10.81")
def test_refusals(api: ApiFixture) -> None:
    card, other = api.grant(reference="order 7")["id"], api.grant()["id"]
    stale = etag_of(api, other)
    assert ext(api, other, "label", {"tags": ["a"]}).status_code == 200
    with unchanged(api):
        taken = ext(api, other, "label", {"reference": "order 7"})
        assert card in problem(taken, 409, "reference_taken")["detail"]
        for another in ("order 8", None):
            answer = ext(api, card, "label", {"reference": another})
            status, code = (409, "reference_fixed") if another else (400, "validation_failed")
            problem(answer, status, code)
        headers = {"If-Match": stale}
        late = ext(api, other, "label", {"tags": []}, headers=headers)
        problem(late, 412, "precondition_failed")
        key = other_stores_key(api, "giftcards:write")
        problem(ext(api, card, "label", {"tags": []}, key=key), 404, "gift_card_not_found")


@pytest.mark.contract("10.84", "10.85")
def test_notes(api: ApiFixture) -> None:
    card = api.grant(reference="order 7")["id"]
    path = f"/ext/v1/giftcards/{card}/notes"
    assert api.call("GET", path).json()["data"] == []
    assert CustomerPage(api).redeem(card).status_code == 200
    made = []
    for text in ("Lost her notecard.", "é" * MAX_TEXT, "東京 🎁"):
        api.clock.advance(1)
        answer = api.call("POST", path, json={"text": text})
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
        assert ext(api, card, "label", {"tags": [text[:1]]}).status_code == 200
    assert [note["text"] for note in made] == ["Lost her notecard.", "é" * MAX_TEXT, "東京 🎁"]
    assert [note["seq"] for note in made] == [3, 5, 7]
    assert len({note["createdAt"] for note in made}) == 3
    assert {note["author"]["kind"] for note in made} == {"key"}
    assert walked(api, path) == made
    for entry, note in zip(api.entries(card)[2::2], made, strict=True):
        assert (entry.kind, entry.reason, entry.delta) == ("noted", note["text"], 0)
    clean(api)


def walked(api: ApiFixture, path: str) -> list[Any]:
    """Walk a list in pages of two, forward and then backward; both yield the same rows."""
    rows: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = api.call("GET", f"{path}?limit=2&cursor={cursor}").json()
        rows += page["data"]
        cursor = page["pagination"]["nextCursor"]
    back, last, cursor = list[Any](), page["data"], page["pagination"]["previousCursor"]
    while cursor is not None:
        page = api.call("GET", f"{path}?limit=2&cursor={cursor}").json()
        back = page["data"] + back
        cursor = page["pagination"]["previousCursor"]
    assert back + last == rows
    return rows


@pytest.mark.contract("10.84")
@one_engine
def test_notes_that_are_not_acceptable(api: ApiFixture) -> None:
    card = api.grant()["id"]
    path = f"/ext/v1/giftcards/{card}/notes"
    with unchanged(api):
        for text in ("", "x" * (MAX_TEXT + 1), 5, None, *UNPRINTABLE):
            answer = api.call("POST", path, json={"text": text})
            assert list(problem(answer, 400, "validation_failed")["errors"]) == ["text"]


@pytest.mark.contract("10.83")
@pytest.mark.parametrize("form", TEXTS)
def test_many_grants(api: ApiFixture, form: str) -> None:
    rows = [
        {"identifier": KELLY.uuid, "credit": 5} | ORDER,
        {"identifier": KELLY.uuid, "credit": 6, "tags": ["a b"]},
        {"identifier": KELLY.uuid, "credit": 5} | ORDER,
    ]
    text = "\n".join(map(json.dumps, rows))
    if form == "csv":
        text = (
            "identifier,credit,Reference,tags,metadata\n"
            'kelly,5,order 7,"vip; hunt,vip;","{""b"": ""2"", ""a"": ""1""}"\n'
            "kelly,6,, a b ,\n"
            'kelly,5,order 7,hunt;vip,"{""a"":""1"",""b"":""2""}"\n'
        )

    def send() -> Any:
        headers = {"Content-Type": TEXTS[form]}
        response = api.call("POST", "/ext/v1/giftcards/bulk", content=text, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    answer = send()
    first, second, third = answer["results"]
    assert (answer["granted"], answer["skipped"], answer["refused"]) == (2, 1, 0)
    assert first["id"] == third["id"] != second["id"]
    assert labels(api, first["id"]) == LABELS
    assert labels(api, second["id"]) == NONE | {"tags": ["a b"]}
    again = send()
    assert (again["granted"], again["skipped"]) == (1, 2)
    assert again["results"][0] == first
    clean(api)


@pytest.mark.contract("10.79", "10.83")
@one_engine
def test_cells_that_are_not_acceptable(api: ApiFixture) -> None:
    cells = {
        "reference": ["x" * 201],
        "tags": ["x" * (MAX_TAG + 1), ";".join(map(str, range(MAX_TAGS + 1)))],
        "metadata": [
            "{",
            "[]",
            '{""a"": 5}',
            '{""a"": null}',
            '{"""": ""a""}',
            '{""a"": ""b"", ""a"": ""c""}',
        ],
    }
    with unchanged(api):
        for name, bad in cells.items():
            text = "".join(f'kelly,5,"{cell}"\n' for cell in bad)
            headers = {"Content-Type": "text/csv"}
            content = f"identifier,credit,{name}\n{text}"
            path = "/ext/v1/giftcards/bulk"
            answer = api.call("POST", path, content=content, headers=headers).json()
            assert answer["refused"] == len(bad)
            assert {tuple(row["problem"]["errors"]) for row in answer["results"]} == {(name,)}


def written(api: ApiFixture, card_id: str) -> list[str]:
    """Return what is noted on a card."""
    notes = api.call("GET", f"/ext/v1/giftcards/{card_id}/notes").json()["data"]
    return [note["text"] for note in notes]


@pytest.mark.contract("10.173")
def test_a_note_with_a_grant(api: ApiFixture) -> None:
    """It is there with the card, and what the answer says of the card is right after it."""
    body = {"credit": 5, "note": "Won at the hunt"} | ORDER
    first = api.call("POST", GRANT, json=body)
    assert first.status_code == 200, first.text
    card = first.json()["id"]
    assert first.headers["etag"] == etag_of(api, card)
    granted, noted = api.entries(card)
    assert (granted.kind, noted.kind, noted.reason) == ("granted", "noted", body["note"])
    assert (granted.created_at, granted.actor_id) == (noted.created_at, noted.actor_id)
    check_chain((granted, noted))
    types = [event["type"] for event in api.call("GET", "/ext/v1/events").json()["data"]]
    assert types[-2:] == ["gift_card.granted", "gift_card.noted"]
    for note in (body["note"], "another", None):
        again = api.call("POST", GRANT, json=body | {"note": note})
        assert (again.status_code, again.json()) == (200, first.json())
    assert written(api, card) == [body["note"]]
    assert written(api, api.grant(note=None)["id"]) == []
    ext(api, card, "adjust", {"delta": 3, "reason": "a gift"})
    clean(api)
    with unchanged(api):
        for bad in ("", "x" * (MAX_TEXT + 1), *UNPRINTABLE, 5):
            answer = api.call("POST", GRANT, json={"credit": 5, "note": bad})
            assert list(problem(answer, 400, "validation_failed")["errors"]) == ["note"]


@pytest.mark.contract("10.173")
@pytest.mark.parametrize("form", TEXTS)
def test_notes_of_many_grants(api: ApiFixture, form: str) -> None:
    long = "x" * MAX_TEXT
    if form == "bulk":
        rows = [{"note": "ä;=1"}, {"reference": "order 7", "note": long},
                {"reference": "order 7", "note": "again"}, {"note": long + "x"}, {}]  # fmt: skip
        text = "\n".join(json.dumps({"identifier": "kelly", "credit": 5} | row) for row in rows)
    else:
        rest = f'"ä;=1",\n{long},order 7\nagain,order 7\n{long}x,\n  ,\n'
        text = "identifier,credit,Card note,reference\n" + "".join(
            f"kelly,5,{line}\n" for line in rest.splitlines()
        )
    headers = {"Content-Type": TEXTS[form]}
    answer = api.call("POST", "/ext/v1/giftcards/bulk", content=text, headers=headers).json()
    first, second, third, fourth, fifth = answer["results"]
    assert (answer["granted"], answer["skipped"], answer["refused"]) == (3, 1, 1)
    assert third["id"] == second["id"]
    assert list(fourth["problem"]["errors"]) == ["note"]
    assert [written(api, each["id"]) for each in (first, second, fifth)] == [["ä;=1"], [long], []]
    clean(api)
