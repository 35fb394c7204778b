"""GET /ext/v1/giftcards/export.csv and export.jsonl: the search's own rows, all of them."""

import asyncio
import csv
import io
import json
from collections.abc import Iterable
from typing import Any, cast

import pytest

from gridgift import card_csv, card_files, exports, spreadsheets
from gridgift.domain import search
from gridgift.domain.card_filters import NO_FILTERS
from gridgift.domain.notes import MAX_TEXT, SHOWN
from gridgift.domain.paging import Page, Position
from gridgift.domain.search import Search
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine
from tests.http.requests import at, ext

FORMULA_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
PATH = "/ext/v1/giftcards/export"
HOSTILE = ("=1+2", "+1", "-1", "@SUM(A1)", "a;=1", "a,-1", "a| @x", '"=1"', "a\u00a0=", "'=1",
           "\uff1d1", "\uff0b1", "a;\uff0d1", " \uff20x", 'a;"=1', 'a|""@x', 'a;"\'+1')  # fmt: skip


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of several pages."""
    monkeypatch.setattr(card_files, "PAGE", 2)


def fill(api: ApiFixture) -> None:
    """Grant cards that have something in each column, and some that have nothing."""
    for number, text in enumerate(HOSTILE):
        card = api.grant(credit=1 + number % 3, reference=text, metadata={"a": text})["id"]
        if number < 3:
            note(api, card, text, f"paid {text}")
    dated = api.grant(tags=["vip", "-hunt", "=x"], expiresAt=at(api, 60), transfer=True)["id"]
    ext(api, dated, "holds", {"amount": 7, "expiresIn": 30})


def note(api: ApiFixture, card: str, *said: str) -> None:
    """Write notes on a card."""
    for text in said:
        path = f"/ext/v1/giftcards/{card}/notes"
        assert api.call("POST", path, json={"text": text}).status_code == 201


def searched(api: ApiFixture, **query: Any) -> list[Any]:
    """Return the rows that the search finds."""
    answer = api.call("GET", "/ext/v1/giftcards", params=query | {"limit": 1000})
    rows: list[Any] = answer.json()["data"]
    return [row | {"notes": notes_on(api, row["id"])} for row in rows]


def notes_on(api: ApiFixture, card: str) -> Any:
    """Return the notes on a card as they are listed."""
    return api.call("GET", f"/ext/v1/giftcards/{card}/notes").json()["data"]


def without_apostrophes(text: str) -> str:
    """Return a text without what keeps it from being a formula."""
    return text.replace("'", "")


QUERIES: list[dict[str, Any]] = [{}, {"sort": "credit"}, {"creditTo": 2, "sort": "-expiry"},
                                 {"tag": "vip"}, {"owner": "nobody"}]  # fmt: skip


@pytest.mark.contract("10.112")
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.usefixtures("pages")
def test_the_rows_are_those_of_the_search(api: ApiFixture, query: dict[str, Any]) -> None:
    fill(api)
    expected = searched(api, **query)
    lines = api.call("GET", f"{PATH}.jsonl", params=query)
    assert lines.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert [json.loads(line) for line in lines.text.splitlines()] == expected
    table = api.call("GET", f"{PATH}.csv", params=query)
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="gift-cards.csv"'
    assert table.content.startswith(b"\xef\xbb\xbfid,ownerUuid,ownerUsername,credit,")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"), newline="")))
    assert [row["id"] for row in rows] == [row["id"] for row in expected]
    for row, card in zip(rows, expected, strict=True):
        assert row.keys() == card.keys()
        assert int(row["credit"]) == card["credit"]
        assert int(row["available"]) == card["available"]
        assert row["transfer"] == json.dumps(card["transfer"])
        assert row["expiresAt"] == (card["expiresAt"] or "")
        assert json.loads(row["metadata"] or "{}") == card["metadata"]
        assert without_apostrophes(row["reference"]) == without_apostrophes(card["reference"] or "")
        assert [tag.lstrip("'") for tag in row["tags"].split(";") if tag] == card["tags"]
        assert without_apostrophes(row["notes"]) == without_apostrophes(
            " | ".join(each["text"] for each in card["notes"])
        )


@pytest.mark.contract("10.172")
def test_the_newest_notes_are_in_the_file(api: ApiFixture) -> None:
    noted, other = api.grant()["id"], api.grant()["id"]
    note(api, noted, *(f"note {number}" for number in range(21)))
    ext(api, noted, "adjust", {"delta": 3, "reason": "no note"})
    lines = map(json.loads, api.call("GET", f"{PATH}.jsonl").text.splitlines())
    shown = {card["id"]: card["notes"] for card in lines}
    assert shown == {noted: notes_on(api, noted)[1:], other: []}
    assert shown[noted][0].keys() == {"seq", "text", "author", "createdAt"}
    table = api.call("GET", f"{PATH}.csv").content.decode("utf-8-sig")
    cells = {row["id"]: row["notes"] for row in csv.DictReader(io.StringIO(table, newline=""))}
    assert cells == {noted: " | ".join(f"note {n}" for n in range(1, 21)), other: ""}


@pytest.mark.contract("10.172")
@pytest.mark.parametrize("text", ["x" * 1_990, "\U0001f381" * 1_990, ",=" * 995])
def test_a_cell_has_the_newest_notes_that_fit(text: str) -> None:
    """A spreadsheet takes 32,767 UTF-16 units in a cell, and no more."""
    notes = [f"{number:02}{text}" for number in range(SHOWN)]
    cell = spreadsheets.harmless(card_csv.notes_that_fit(notes))
    older, *shown = cell.split(" | ")
    assert older == "…"
    assert shown == [spreadsheets.harmless(note) for note in notes[-len(shown) :]]
    assert units(cell) <= 32_000 < units(f"{cell} | {shown[0]}")


def units(text: str) -> int:
    """Return how many UTF-16 units a text has."""
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.contract("10.172")
@pytest.mark.parametrize("count", [0, 1, 9, 15])
def test_a_cell_has_all_notes_that_fit(count: int) -> None:
    notes = ["x" * MAX_TEXT] * count
    assert card_csv.notes_that_fit(notes) == " | ".join(notes)


@pytest.mark.contract("10.113")
@pytest.mark.usefixtures("pages")
def test_no_cell_is_a_formula(api: ApiFixture) -> None:
    """Neither as the file is split at its commas, nor where a spreadsheet splits it otherwise."""
    fill(api)
    text = api.call("GET", f"{PATH}.csv").content.decode("utf-8-sig")
    for delimiter in (",", ";", "|", "\t"):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                assert cell.lstrip()[:1] not in {*FORMULA_SIGNS}, (delimiter, cell)


@pytest.mark.contract("10.112")
@one_engine
def test_what_is_refused(api: ApiFixture) -> None:
    for form in ("csv", "jsonl"):
        answer = api.call("GET", f"{PATH}.{form}", params={"sort": "id"})
        assert list(problem(answer, 400, "validation_failed")["errors"]) == ["sort"]
        head = api.call("HEAD", f"{PATH}.{form}")
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.contract("10.113")
@pytest.mark.usefixtures("pages")
def test_a_file_that_breaks_off_has_no_end(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key ends after the first page: what follows is not sent, nor the answer's end."""
    fill(api)
    key = api.add_key("giftcards:read", expires_at=api.clock.now() + 5_000).key
    usual = search.search

    async def slowly(tx: Any, store_id: str, wanted: Search, ids: None) -> Any:
        api.clock.advance(3)
        return await usual(tx, store_id, wanted, ids)

    monkeypatch.setattr(search, "search", slowly)
    start, *chunks = messages(api, f"{PATH}.jsonl", key)
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert sum(chunk["body"].count(b"\n") for chunk in chunks) == 4 < len(HOSTILE)
    assert all(chunk["more_body"] for chunk in chunks)


def messages(api: ApiFixture, path: str, key: str, *, leaves: bool = False) -> list[Any]:
    """Return all that the application sends to a server; ``leaves``: after the first part."""
    sent: list[Any] = []
    left = asyncio.Event()

    body = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        asked = next(body, None)
        if asked is None:
            await left.wait()
        return asked or {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if leaves and message["type"] == "http.response.body":
            left.set()
        assert message["type"] != "http.response.start" or not sent, "a server takes one"
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [(b"x-api-key", key.encode())], "client": ("1.2.3.4", 5),
        "http_version": "1.1", "scheme": "http", "root_path": "",
    }  # fmt: skip
    api.client.portal.call(api.client.app, scope, receive, send)
    return sent


def test_pages_are_read_one_by_one(api: ApiFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by a read of its own, so that nothing is held for the whole file."""
    bound = card_files.PAGE
    monkeypatch.setattr(card_files, "PAGE", 3)
    fill(api)
    asked: list[Position] = []
    usual = search.search
    assert bound * SHOWN * MAX_TEXT <= 4_000_000  # characters of notes that nobody waits long for

    async def noted(tx: Any, store_id: str, wanted: Search, ids: None) -> Any:
        asked.append(wanted.position)
        assert (wanted.filters, wanted.limit) == (NO_FILTERS, 3)
        return await usual(tx, store_id, wanted, ids)

    monkeypatch.setattr(search, "search", noted)
    api.call("GET", f"{PATH}.jsonl")
    assert len(asked) == 1 + len(HOSTILE) // 3


def test_others_take_their_turns_while_a_page_is_written() -> None:
    """A page of long notes may be seconds of work."""
    turns = 0
    written: list[tuple[int, int]] = []

    def write(rows: Iterable[int]) -> str:
        found = list(rows)
        written.append((turns, len(found)))
        return "".join(f"{row} " for row in found)

    class Operations:
        async def read(self, operation: Any, at: Position) -> Any:
            return await operation(None, at)

    async def check(_: Any) -> None:
        pass

    async def page(_: Any, at: Position) -> Page[int]:
        return Page([*range(25)], None, None)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def export() -> bytes:
        form, operations = exports.csv("numbers", str, write), cast("Any", Operations())
        beside = asyncio.ensure_future(others())
        try:
            return b"".join([part async for part in exports.parts(form, operations, check, page)])
        finally:
            beside.cancel()

    assert asyncio.run(export()).split() == [b"%d" % number for number in range(25)]
    assert [count for _, count in written] == [10, 10, 5]
    assert len({turn for turn, _ in written}) == 3
