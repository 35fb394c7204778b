"""/ext/v1/redemptions, and its rows and the ledger's entries as files."""

import csv
import io
import json
from typing import Any

import pytest

from gridgift import ledger_files
from tests.api import JO, KELLY, ApiFixture
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, change_credit, ext
from tests.http.test_export import FORMULA_SIGNS, messages
from tests.http.test_move_credit import move

REDEMPTIONS = "/ext/v1/redemptions"
ENTRIES = "/ext/v1/entries"
FILES = [f"{path}/export.{kind}" for path in (REDEMPTIONS, ENTRIES) for kind in ("csv", "jsonl")]
HOUR = 3_600
HOSTILE = 'a;=1|\'+2;"@x\\| \uff1d3 "-"a-b,-5'  # in pieces, formulas


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of several pages."""
    monkeypatch.setattr(ledger_files, "ENTRIES", 2)
    monkeypatch.setattr(ledger_files, "REDEMPTIONS", 2)


def redeem(api: ApiFixture, credit: int, resident: str = KELLY.username) -> str:
    """Let a resident redeem a new card, and an hour pass; return its id."""
    card = str(api.grant(resident, credit)["id"])
    assert CustomerPage(api, resident).redeem(card).status_code == 200
    api.clock.advance(HOUR)
    return card


def listed(api: ApiFixture, **query: Any) -> list[Any]:
    """Walk the list to its end, two rows a page."""
    rows: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.call("GET", REDEMPTIONS, params=query | {"limit": 2} | cursor)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["data"]
        following = answer.json()["pagination"]["nextCursor"]
        if following is None:
            return rows
        cursor = {"cursor": following}


def lines(api: ApiFixture, path: str, **query: Any) -> list[Any]:
    """Return the rows of a file of JSON lines."""
    answer = api.call("GET", f"{path}/export.jsonl", params=query)
    assert answer.headers["content-type"] == "application/jsonl; charset=utf-8"
    return [json.loads(line) for line in answer.text.splitlines()]


def table(api: ApiFixture, path: str, **query: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    answer = api.call("GET", f"{path}/export.csv", params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = path.rpartition("/")[2]
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


@pytest.mark.contract("10.158", "10.159", "10.160")
def test_redemptions_in_a_time(api: ApiFixture) -> None:
    """The list, both files and every way to ask have the same rows."""
    begun = at(api, 0)
    amounts = {redeem(api, 40): 40, redeem(api, 2): 2, redeem(api, 7): 7}
    noon = at(api, 0)
    amounts |= {redeem(api, 9, JO.username): 9, redeem(api, 3): 3}
    api.grant()  # which nobody redeems
    first, second, third, of_jo, last = amounts
    for query, wanted in {
        (): [last, of_jo, third, second, first],
        (("to", noon),): [third, second, first],
        (("from", noon),): [last, of_jo],
        (("from", noon), ("owner", "ke")): [last],
        (("owner", JO.uuid),): [of_jo],
        (("owner", JO.uuid), ("to", noon)): [],
        (("from", begun), ("to", begun)): [],
        (("from", noon), ("to", begun)): [],
    }.items():
        rows = listed(api, **dict(query))
        assert [row["giftCardId"] for row in rows] == wanted, query
        assert [row["amount"] for row in rows] == [amounts[card] for card in wanted]
        assert lines(api, REDEMPTIONS, **dict(query)) == rows
        flat = [
            {name: str(value) for name, value in row.items() if name != "actor"}
            | {f"actor{name.title()}": text for name, text in row["actor"].items()}
            for row in rows
        ]
        assert table(api, REDEMPTIONS, **dict(query)) == flat
    (row,) = listed(api, owner=JO.username)
    assert row["actor"] == {"kind": "resident", "id": JO.uuid}
    assert (row["ownerUsername"], row["storeCredit"], row["left"]) == (JO.username, 9, 9)


@pytest.mark.contract("10.158")
def test_what_is_left_of_a_card(api: ApiFixture) -> None:
    """What pays first is what ends first, whichever card it is of; each tells of its own."""
    ending = str(api.grant(credit=40, expiresAt=at(api, 9 * HOUR))["id"])
    lasting = redeem(api, 100)
    empty = str(api.grant(credit=3)["id"])
    assert ext(api, empty, "adjust", {"delta": -3, "reason": "why"}).status_code == 200
    of_jo = redeem(api, 9, JO.username)
    for card in (ending, empty):
        assert CustomerPage(api).redeem(card).status_code == 200
    assert change_credit(api, "deposit", 5).status_code == 200

    def left() -> dict[str, int]:
        rows = lines(api, REDEMPTIONS)
        assert listed(api) == rows
        return {row["giftCardId"]: row["left"] for row in rows}

    others = {empty: 0, of_jo: 9}
    assert left() == others | {ending: 40, lasting: 100}
    spend = change_credit(api, "spend", 70).json()["id"]
    assert left() == others | {ending: 0, lasting: 70}
    assert change_credit(api, "refund", 50, spend=spend).status_code == 200
    assert left() == others | {ending: 20, lasting: 100}
    assert move(api, 30).status_code == 200
    assert left() == others | {ending: 0, lasting: 90}
    api.clock.advance(9 * HOUR)
    assert left() == others | {ending: 0, lasting: 90}


@pytest.mark.contract("10.158")
def test_what_has_expired_is_not_left(api: ApiFixture) -> None:
    """Not even before the server has noted it."""
    card = str(api.grant(credit=40, expiresAt=at(api, HOUR))["id"])
    assert CustomerPage(api).redeem(card).status_code == 200
    api.clock.advance(HOUR - 1)
    assert [row["left"] for row in listed(api)] == [40]
    api.clock.advance(1)
    assert [row["left"] for row in listed(api)] == [0]
    assert api.sql("SELECT remaining FROM credit_lots") == [(40,)]


@pytest.mark.contract("10.158", "10.159")
def test_a_card_that_was_changed_since_was_redeemed_when_it_was(api: ApiFixture) -> None:
    """It comes earlier in the list, in the time of its redemption; an old time's end is soon."""
    old = redeem(api, 40)
    noon = at(api, 0)
    for credit in range(1, 6):
        redeem(api, credit)
    assert ext(api, old, "label", {"tags": ["late"]}).status_code == 200
    assert listed(api)[0]["giftCardId"] == old
    assert [row["giftCardId"] for row in listed(api, to=noon)] == [old]
    assert old not in [row["giftCardId"] for row in listed(api, **{"from": noon})]
    late = at(api, 0)
    answer = api.call("GET", REDEMPTIONS, params={"from": late, "limit": 2}).json()
    assert (answer["data"], answer["pagination"]["nextCursor"]) == ([], None)


@pytest.mark.contract("10.158")
def test_pages_lead_back(api: ApiFixture) -> None:
    cards = [redeem(api, credit) for credit in range(1, 6)][::-1]
    seen: list[list[str]] = []
    cursor: dict[str, str] = {}
    for link in ("nextCursor", "nextCursor", "previousCursor", "previousCursor"):
        answer = api.call("GET", REDEMPTIONS, params={"limit": 2} | cursor).json()
        seen.append([row["giftCardId"] for row in answer["data"]])
        cursor = {"cursor": answer["pagination"][link]}
    assert seen == [cards[:2], cards[2:4], cards[4:], cards[2:4]]


@pytest.mark.contract("10.161")
def test_entries_in_a_time(api: ApiFixture) -> None:
    redeem(api, 40)
    noon = at(api, 0)
    card = api.grant(credit=30)["id"]
    assert ext(api, card, "adjust", {"delta": -5, "reason": "=1+1"}).status_code == 200
    assert change_credit(api, "spend", 4, reason="-2", reference=HOSTILE).status_code == 200
    every = [
        (kind, str(account), seq, delta)
        for kind, account, seq, delta in api.sql(
            "SELECT account_kind, account_id, seq, delta FROM entries "
            "ORDER BY account_kind, account_id, seq"
        )
    ]
    names = ("accountKind", "accountId", "seq", "delta")
    found = {
        "": lines(api, ENTRIES),
        "to": lines(api, ENTRIES, to=noon),
        "from": lines(api, ENTRIES, **{"from": noon}),
    }
    places = {name: [tuple(row[n] for n in names) for row in rows] for name, rows in found.items()}
    assert places[""] == every == sorted(places["to"] + places["from"])
    assert [row["kind"] for row in found["to"]] == ["granted", "redeemed", "credit_redeemed"]
    assert lines(api, ENTRIES, **{"from": noon, "to": noon}) == []
    rows = table(api, ENTRIES, **{"from": noon})
    assert [tuple(row[n] for n in names) for row in rows] == [
        tuple(map(str, place)) for place in places["from"]
    ]
    reasons = [row["reason"] for row in found["from"]]
    assert {"=1+1", "-2"} < {*reasons}
    assert [row["reason"].removeprefix("'") for row in rows] == reasons
    assert not [row["reason"] for row in rows if row["reason"][:1] in {"=", "-"}]
    for row, entry in zip(rows, found["from"], strict=True):
        cells = {name: str(entry[name]) for name in entry.keys() - {"actor", "state", "reason"}}
        cells |= {f"actor{name.title()}": text for name, text in entry["actor"].items()}
        assert cells == {name: row[name] for name in row.keys() - {"state", "reason"}}
        assert json.loads(row["state"]) == entry["state"]
    assert json.loads(rows[-1]["state"])["reference"] == HOSTILE
    for delimiter in ";|\t":
        for cell in (cell for row in rows for cell in row["state"].split(delimiter)):
            assert cell.lstrip(" '\\\"")[:1] not in {*FORMULA_SIGNS}, cell
    shown = api.call("GET", f"/ext/v1/giftcards/{card}/entries").json()["data"]
    assert shown == [
        {name: value for name, value in row.items() if not name.startswith("account")}
        for row in found["from"] if row["accountId"] == card
    ]  # fmt: skip


@pytest.mark.contract("10.159", "10.161")
@pytest.mark.parametrize("path", FILES)
@one_engine
def test_a_file_ends_with_its_reader(api: ApiFixture, path: str) -> None:
    """Whoever hangs up after the first part is sent little more."""
    for credit in range(1, 13):
        redeem(api, credit)
    whole = messages(api, path, api.key)
    cut = messages(api, path, api.key, leaves=True)
    assert len(cut) < len(whole) / 2
    assert cut[1:] == whole[1 : len(cut)], "and no end of the answer"
