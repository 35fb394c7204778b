"""Cards and residents of whom there is much to tell: some of it at a time, and nothing left out."""

import re
from html import unescape
from typing import Final

import pytest

from gridgift.dashboard.pages import card as card_page
from gridgift.dashboard.pages import residents as residents_page
from gridgift.domain import holds, notes
from gridgift.domain.ids import new_id
from gridgift.domain.locked import CardRequest, change_each
from tests.api import JO, KELLY, ApiFixture, operator
from tests.dashboard.people import Browser, etag_on, fields_on, post_about
from tests.dashboard.test_card_holds import hold, reserved
from tests.dashboard.test_timeline import CARDS, lines
from tests.http.requests import at, change_credit

MANY: Final = 5_000
AT_ONCE: Final = 1_000
MOST: Final = 50  # pages


def note_each(api: ApiFixture, card: str, texts: list[str]) -> None:
    """Write notes on a card, many in one transaction."""
    caller = operator(api.store.id)
    for first in range(0, len(texts), AT_ONCE):
        some = texts[first : first + AT_ONCE]
        requests = [CardRequest(caller, card, notes.noting(text)) for text in some]
        api.write(change_each, api.store.id, requests)


def pages(browser: Browser, address: str, rel: str = "next") -> list[str]:
    """Open a page, and all to which it leads on; return them in this order."""
    found = []
    while address and len(found) < MOST:
        text = browser.get(address).text
        found.append(text)
        address = unescape(next(iter(re.findall(rf'href="([^"]+)" rel="{rel}"', text)), ""))
    return found


def whole_life(found: list[str]) -> list[tuple[str, ...]]:
    """Return what pages tell of a card, the oldest first."""
    return [line for text in reversed(found) for line in lines(text)]


def test_a_page_of_a_card_with_thousands_of_entries_is_small(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = api.grant()["id"]
    usual = len(bo.get(f"{CARDS}/{card}").text)
    note_each(api, card, [f"note {number}" for number in range(MANY)])
    text = bo.get(f"{CARDS}/{card}").text
    assert len(lines(text)) == card_page.MOMENTS == 50
    assert len(text) < usual + 50 * 500
    assert lines(text)[-1][0] == f"Note: note {MANY - 1}"
    monkeypatch.setattr(card_page, "MOMENTS", 1_300)
    found = pages(bo, f"{CARDS}/{card}")
    told = [said for said, *_ in whole_life(found)]
    assert told == ["Given to kelly with L$ 500", *(f"Note: note {n}" for n in range(MANY))]
    back = re.search(r'href="([^"]+)" rel="prev"', found[-1])
    assert back is not None
    assert lines(bo.get(unescape(back[1])).text) == lines(found[-2])


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_pages_of_a_life_tell_what_all_of_it_does(
    api: ApiFixture, aria: Browser, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Tags, owners and what lapses are told from what they were, whichever page that is on."""
    card = api.grant(transfer=True, tags=["old"])["id"]
    page = f"{CARDS}/{card}"
    for number in range(3):
        hold(api, card, 10 + number, 60 + number)
    api.clock.advance(61)
    post_about(aria, card, "note", {"text": "first"})
    api.clock.advance(60)
    post_about(aria, card, "labels", {"tags": "vip, old"})
    post_about(aria, card, "adjust", {"delta": "-20", "reason": "rent"})
    to_jo = {"receiver": JO.username, "etag": etag_on(aria, page), "reason": "a gift"}
    assert aria.post(f"{page}/pass-on", to_jo).status_code == 303
    post_about(aria, card, "labels", {"tags": "vip"})
    hold(api, card, 5, 60)
    api.clock.advance(3_600)
    whole = lines(aria.get(page).text)
    assert len(whole) == 14 and sum("time was over" in said for said, *_ in whole) == 4
    assert ("Tag “vip” given", "you", "L$ 500") in whole
    monkeypatch.setattr(card_page, "MOMENTS", rows)
    assert whole_life(pages(aria, page)) == whole


def test_open_holds_are_on_pages_too(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, caller = api.grant(credit=MANY)["id"], operator(api.store.id)
    placed = [
        CardRequest(caller, card, holds.placing(new_id(), 1 + number, 60_000 * (100 - number)))
        for number in range(45)
    ]
    api.write(change_each, api.store.id, placed)
    note_each(api, card, ["later"] * 300)
    monkeypatch.setattr(card_page, "MOMENTS", 1_000)  # so that only holds have a next page
    found = pages(bo, f"{CARDS}/{card}")
    rows = [row for text in found for row in reserved(text)]
    assert [len(reserved(text)) for text in found] == [20, 20, 5]
    assert [row.split(" by ")[0] for row in rows] == [f"L$ {n}" for n in range(45, 0, -1)]
    assert all(f"L$\N{NO-BREAK SPACE}{45 * 46 // 2:,} of it reserved" in text for text in found)


def test_whoever_comes_second_is_told_of_more_than_a_page(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(tags=["old"])["id"]
    note_each(api, card, ["early"] * 300)
    page = f"{CARDS}/{card}"
    form = fields_on(bo.get(page).text) | {"delta": "5", "reason": "gift"}
    note_each(api, card, [f"note {number}" for number in range(99)])
    post_about(bo, card, "labels", {"tags": "vip"})
    told = bo.post(f"{page}/adjust", form)
    assert told.status_code == 412
    assert "note 0" in told.text and "early" not in told.text
    assert "<dt>Tags</dt><dd>old → vip</dd>" in told.text
    note_each(api, card, ["one more"])
    refused = bo.post(f"{page}/adjust", form)
    assert refused.status_code == 412 and "What you saw has changed meanwhile" in refused.text


def test_a_residents_entries_and_lots_are_bounded(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residents_page, "ENTRIES", 4)
    monkeypatch.setattr(residents_page, "LOTS", 3)
    for number in range(1, 11):
        change_credit(
            api, "deposit", number, reference=f"{number}", expiresAt=at(api, 600 * number)
        )
    found = pages(bo, f"/dashboard/residents/{KELLY.uuid}")
    amounts = [
        int(amount)
        for text in found
        for amount in re.findall(r"<strong>L\$\xa0(\d+) deposited</strong>", text)
    ]
    assert amounts == [*range(10, 0, -1)] and len(found) == 3
    lots = found[0][found[0].index('id="lots"') : found[0].index('id="life"')]
    assert re.findall(r"<strong>L\$\xa0(\d+)</strong>", lots) == ["1", "2", "3", "49"]
    assert "in 7 more" in lots
    first = pages(bo, f"/dashboard/residents/{KELLY.uuid}", "prev")
    assert len(first) == 1
