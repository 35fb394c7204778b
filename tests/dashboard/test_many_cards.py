"""Many gift cards at once."""

import re
from html import unescape

import pytest

from gridgift.dashboard.pages import many_cards
from gridgift.dashboard.pages.cards import ROWS
from tests.api import JO, KELLY, ApiFixture
from tests.dashboard.people import UNKNOWN, Browser
from tests.http.checks import one_engine

MANY = "/dashboard/cards/many"
HOSTILE = "<script>alert(1)</script>"
Fields = dict[str, str | list[str]]


def hidden(text: str, action: str) -> Fields:
    """Return the hidden fields of the form that is sent somewhere."""
    (form,) = re.findall(rf'<form [^>]*action="{action}".*?</form>', text, re.DOTALL)
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        if name != "form_token":
            found.setdefault(name, []).append(unescape(value))
    return {name: values if name == "ids" else values[0] for name, values in found.items()}


def carry_out(bo: Browser, address: str, **wanted: str) -> tuple[str, str]:
    """Choose, look at what would come, and do it; return the last two pages."""
    chosen = hidden(bo.get(address).text, f"{MANY}/check")
    checked = bo.post(f"{MANY}/check", chosen | wanted)
    assert checked.status_code == 200, checked.text
    done = bo.post(f"{MANY}/change", hidden(checked.text, f"{MANY}/change"))
    assert done.status_code == 200, done.text
    return checked.text, done.text


def active(api: ApiFixture) -> list[bool]:
    return [bool(row[0]) for row in api.sql("SELECT active FROM gift_cards ORDER BY id")]


def test_the_ticked_ones_are_switched_off(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant(credit=number + 1)["id"] for number in range(4)]
    api.redeem(cards[1])
    api.call("POST", f"/v1/giftcards/{cards[2]}/actions/disable")
    page = bo.get("/dashboard/cards").text
    assert (
        re.findall(r'type="checkbox" name="ids" value="([\w-]+)" form="ticked"', page)
        == (cards[::-1])
    )
    ids = "&".join(f"ids={card}" for card in [*cards[:3], UNKNOWN])
    checked, done = carry_out(bo, f"{MANY}?{ids}", what="off", reason="raffle over")
    for text, says in ((checked, "1 card will change"), (done, "1 card changed")):
        assert says in text
        assert "1 is so already, 2 refused." in text
        assert cards[1] in text and UNKNOWN in text
    assert active(api) == [False, True, False, True]
    entry = api.entries(cards[0])[-1]
    assert (entry.kind, entry.reason, entry.actor_id) == ("disabled", "raffle over", "Bo")


def test_all_that_match_are_tagged_and_nothing_else(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant()["id"] for _ in range(ROWS + 2)]
    jos = api.grant(JO.username)["id"]
    api.grant(credit=100)
    page = bo.get("/dashboard/cards?q=kelly&least=500").text
    assert f"The {ROWS} on this page" in page
    (address,) = re.findall(r'href="([^"]+)">All 52 that match', page)
    checked, _ = carry_out(bo, unescape(address), what="tag", label="vip")
    assert "52 cards will change" in checked
    assert sorted(api.sql("SELECT tag FROM gift_card_tags")) == [("vip",)] * len(cards)
    assert api.entries(jos)[-1].kind == "granted"
    carry_out(bo, f"{MANY}?ids={cards[0]}", what="untag", label="vip")
    assert len(api.sql("SELECT tag FROM gift_card_tags")) == len(cards) - 1


def test_cards_end_later_and_twice_is_once(api: ApiFixture, bo: Browser) -> None:
    card = api.grant(expiresAt="2026-12-01T00:00:00Z")["id"]
    address = f"{MANY}?ids={card}"
    carry_out(bo, address, what="extend", last_day="2027-01-31")
    expiry = api.call("GET", f"/ext/v1/giftcards/{card}").json()["expiresAt"]
    assert expiry == "2027-02-01T08:00:00Z", "the day's end where the store is"
    chosen = hidden(bo.get(address).text, f"{MANY}/check")
    again = bo.post(f"{MANY}/check", chosen | {"what": "extend", "last_day": "2027-01-31"})
    assert "0 cards will change" in again.text
    assert f'action="{MANY}/change"' not in again.text
    assert len(api.entries(card)) == 2


def test_other_cards_than_were_shown_are_not_changed(api: ApiFixture, bo: Browser) -> None:
    api.grant()
    chosen = hidden(bo.get(f"{MANY}?every=true&q=kelly").text, f"{MANY}/check")
    checked = bo.post(f"{MANY}/check", chosen | {"what": "off"})
    api.grant()
    done = bo.post(f"{MANY}/change", hidden(checked.text, f"{MANY}/change"))
    assert done.status_code == 409
    assert "finds other cards now" in done.text
    assert active(api) == [True, True]


@one_engine
def test_what_is_wrong_is_said_at_its_field(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    chosen = hidden(bo.get(f"{MANY}?ids={card}").text, f"{MANY}/check")
    for wanted, field in (
        ({"what": "extend"}, "last_day"),
        ({"what": "extend", "last_day": "soon"}, "last_day"),
        ({"what": "extend", "last_day": "2020-01-01"}, "last_day"),
        ({"what": "tag"}, "label"),
        ({"what": "tag", "label": "x" * 65}, "label"),
        ({"what": "burn"}, "what"),
    ):
        refused = bo.post(f"{MANY}/check", chosen | wanted)
        if wanted.get("last_day") == "2020-01-01":
            assert "0 cards will change" in refused.text, "each card refuses a day that is over"
            continue
        assert refused.status_code == 400, wanted
        assert f'id="{field}-problem"' in refused.text, wanted
        assert hidden(refused.text, f"{MANY}/check") == chosen
    hostile = bo.post(f"{MANY}/check", chosen | {"what": "tag", "label": HOSTILE})
    assert hostile.status_code == 200 and HOSTILE not in hostile.text
    assert "No card is chosen" in bo.get(MANY).text
    assert active(api) == [True]


@one_engine
def test_more_than_can_be_done_at_once_is_refused(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        api.grant()
    monkeypatch.setattr(many_cards, "MAX_CHOSEN", 2)
    assert bo.get(f"{MANY}?every=true").status_code == 409
    ids = "&".join(f"ids={KELLY.uuid}" for _ in range(ROWS + 1))
    assert bo.get(f"{MANY}?{ids}").status_code == 400
