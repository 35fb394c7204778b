"""Many gift cards at once."""

import csv
import io
import re
from html import unescape

import pytest

from gridgift import changing
from gridgift.dashboard.pages.cards import ROWS
from gridgift.domain import bulk_changes, bulk_checks, many
from gridgift.domain.bulk_changes import KEPT_FOR
from gridgift.domain.instants import SECOND
from gridgift.domain.many import CARDS_AT_ONCE
from tests.api import JO, KELLY, OWNER, ApiFixture
from tests.dashboard.people import UNKNOWN, Browser, People
from tests.dashboard.test_send import until
from tests.http.checks import one_engine

MANY = "/dashboard/cards/many"
HOSTILE = "<script>alert(1)</script>"
Fields = dict[str, str | list[str]]


def hidden(text: str) -> Fields:
    """Return the hidden fields of the form that says what is to be done."""
    (form,) = re.findall(rf'<form [^>]*action="{MANY}".*?</form>', text, re.DOTALL)
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        if name != "form_token":
            found.setdefault(name, []).append(unescape(value))
    return {name: values if name == "ids" else values[0] for name, values in found.items()}


def prepared(bo: Browser, address: str, **wanted: str) -> str:
    """Choose cards and what to do; return the address of what would come of it."""
    answer = bo.post(MANY, hidden(bo.get(address).text) | wanted)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def carry_out(bo: Browser, address: str, **wanted: str) -> tuple[str, str]:
    """Choose, look at what would come, and do it; return the last two pages."""
    change = prepared(bo, address, **wanted)
    checked = bo.get(change).text
    assert bo.post(change).headers["location"] == change
    return checked, bo.get(change).text


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
    for text, says, were in (
        (checked, "1 card will change", "is"),
        (done, "1 card changed", "was"),
    ):
        assert says in text
        assert f"1 {were} so already, 2 refused." in text
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
    checked, _ = carry_out(bo, address, what="extend", last_day="2027-01-31")
    assert "Let them end later: last day 31 Jan 2027" in checked
    expiry = api.call("GET", f"/ext/v1/giftcards/{card}").json()["expiresAt"]
    assert expiry == "2027-02-01T08:00:00Z", "the day's end where the store is"
    again = prepared(bo, address, what="extend", last_day="2027-01-31")
    page = bo.get(again).text
    assert "0 cards will change" in page
    assert f'action="{again}"' not in page
    bo.post(again)
    assert "1 was so already" in bo.get(again).text
    assert len(api.entries(card)) == 2


def test_other_cards_than_were_shown_are_not_changed(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant(transfer=True)["id"] for _ in range(3)]
    change = prepared(bo, f"{MANY}?every=true&q=kelly", what="off")
    assert '<h1 id="title">Switch them off</h1>' in bo.get(change).text
    api.grant()
    given = {"receiverIdentifier": JO.username}
    assert api.call("POST", f"/ext/v1/giftcards/{cards[1]}/actions/transfer", json=given).is_success
    bo.post(change)
    page = bo.get(change).text
    assert "2 cards changed" in page and "0 were so already, 1 refused." in page
    assert '<h1 id="title">Switched off</h1>' in page and "Switch them off" not in page
    assert "it is not one of those that were looked for any more" in page
    assert active(api) == [False, True, False, True]


def test_a_change_goes_on_after_the_page_is_closed(api: ApiFixture, bo: Browser) -> None:
    """The server goes on with it; each card is changed once, whoever sends the form again."""
    count = 2 * CARDS_AT_ONCE + 7
    for _ in range(count):
        api.grant()
    change = prepared(bo, f"{MANY}?every=true&q=kelly", what="tag", label="vip")
    bo.post(change)
    begun = bo.get(change).text
    assert "cards changed" in begun or f'<progress max="{count}"' in begun
    bo.post(change)
    until(lambda: f"{count} cards changed" in bo.get(change).text)
    assert api.sql("SELECT COUNT(*) FROM gift_card_tags") == [(count,)]
    assert api.sql("SELECT COUNT(*) FROM entries WHERE kind = 'labelled'") == [(count,)]
    assert f'href="{change}">Given a tag: {count} cards</a>' in bo.get(MANY).text


def test_what_came_of_each_card_is_a_file(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant()["id"] for _ in range(3)]
    api.redeem(cards[0])
    api.call("POST", f"/v1/giftcards/{cards[1]}/actions/disable")
    change = prepared(bo, f"{MANY}?" + "&".join(f"ids={card}" for card in cards), what="off")
    assert list(csv.DictReader(io.StringIO(bo.get(f"{change}/results").text))) == []
    bo.post(change)
    answer = bo.get(f"{change}/results")
    assert answer.headers["content-disposition"] == 'attachment; filename="results.csv"'
    rows = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert [(row["id"], row["outcome"], "used up" in row["problem"]) for row in rows] == [
        (cards[2], "changed", False), (cards[0], "refused", True), (cards[1], "unchanged", False),
    ]  # fmt: skip


def test_a_change_is_undone_for_the_cards_that_it_changed(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant()["id"] for _ in range(3)]
    api.call("POST", f"/v1/giftcards/{cards[0]}/actions/disable")
    ids = "&".join(f"ids={card}" for card in cards)
    change = prepared(bo, f"{MANY}?{ids}", what="off")
    bo.post(change)
    bo.get(change)
    opposite = bo.post(f"{change}/opposite").headers["location"]
    assert active(api) == [False] * 3, "it is shown first"
    assert "2 cards will change" in bo.get(opposite).text
    bo.post(opposite)
    assert active(api) == [False, True, True]
    change = prepared(bo, f"{MANY}?{ids}", what="tag", label="vip")
    bo.post(change)
    bo.post(bo.post(f"{change}/opposite").headers["location"])
    assert api.sql("SELECT tag FROM gift_card_tags") == []


def test_extending_is_undone_for_the_cards_that_it_left(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant(expiresAt="2026-12-01T00:00:00Z")["id"] for _ in range(3)]
    ids = "&".join(f"ids={card}" for card in cards)
    change = prepared(bo, f"{MANY}?{ids}", what="extend", last_day="2027-01-31")
    early = bo.post(f"{change}/opposite")
    assert early.status_code == 400 and "Was not done." in early.text
    bo.post(change)
    longer = {"ids": cards[:1], "days": 9}
    assert api.call("POST", "/ext/v1/giftcards/actions/extend", json=longer).is_success
    bo.get(change)
    undo = bo.post(f"{change}/opposite").headers["location"]
    shown = bo.get(undo).text
    assert "Let them end as before" in shown and "2 cards will change" in shown
    bo.post(undo)
    done = bo.get(undo).text
    assert "0 were so already, 1 refused." in done and "It ends on another day by now" in done
    ends = [api.call("GET", f"/ext/v1/giftcards/{card}").json()["expiresAt"] for card in cards]
    assert ends == ["2027-02-10T08:00:00Z", *["2026-12-01T00:00:00Z"] * 2]
    assert bo.post(MANY, {"ids": cards[0], "what": "shorten"}).status_code == 400


def test_a_change_is_stopped(
    api: ApiFixture, people: People, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By anybody of the team, once; a clerk may, and what was not reached is told."""
    for _ in range(CARDS_AT_ONCE + 1):
        api.grant()
    monkeypatch.setattr(bulk_changes, "PAGE", 0)  # no job goes on with it
    change = prepared(bo, f"{MANY}?every=true", what="off")
    assert bo.post(f"{change}/stop").headers["location"] == change
    assert f'action="{change}/stop"' not in bo.get(change).text, "it is not being done"
    bo.post(change)
    assert f'action="{change}/stop"' in bo.get(change).text
    assert api.write(bulk_changes.go_on, api.store.id, change.rpartition("/")[2])
    clerk = people.signed_in("Kim", "clerk")
    clerk.get(change)
    for _ in range(2):
        assert clerk.post(f"{change}/stop").headers["location"] == change
    stopped = clerk.get(change).text
    assert f"Stopped after {CARDS_AT_ONCE} of {CARDS_AT_ONCE + 1} cards." in stopped
    assert f"{CARDS_AT_ONCE} cards changed" in stopped and "<h2>Not reached</h2>" in stopped
    rows = list(csv.DictReader(io.StringIO(bo.get(f"{change}/results").text)))
    assert [row["outcome"] for row in rows] == ["changed"] * CARDS_AT_ONCE + ["not reached"]
    assert active(api).count(True) == 1
    assert re.search(rf'href="{change}">.*?stopped</span>', bo.get(MANY).text, re.DOTALL)
    said = f"stopped a change of several cards: {CARDS_AT_ONCE} of {CARDS_AT_ONCE + 1} cards done"
    assert people.signed_in("Aria").get("/dashboard/audit").text.count(said) == 1
    undo = bo.post(f"{change}/opposite").headers["location"]
    assert f"{CARDS_AT_ONCE} cards will change" in bo.get(undo).text


def test_many_cards_are_looked_at_beside_requests(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many match: a request finds some, the job the rest, and the page says how far."""
    monkeypatch.setattr(many, "MAX_CHOSEN", CARDS_AT_ONCE)
    count = 2 * CARDS_AT_ONCE + 7
    for _ in range(count):
        api.grant()
    assert f"<title>{count} cards" in bo.get(f"{MANY}?every=true").text
    monkeypatch.setattr(changing, "PARTS", 1)
    change = prepared(bo, f"{MANY}?every=true", what="off")
    looking = bo.get(change).text
    assert f"{count} cards will change" in looking or (
        "so far" in looking and f'action="{change}"' not in looking
    )
    until(lambda: f"{count} cards will change" in bo.get(change).text)
    assert active(api) == [True] * count


@one_engine
def test_finding_the_cards_is_stopped(
    api: ApiFixture, people: People, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is changed then, nor can it be; and nothing was, that could be undone."""
    for _ in range(CARDS_AT_ONCE + 1):
        api.grant()
    monkeypatch.setattr(bulk_checks, "PAGE", 0)  # no job goes on with it
    monkeypatch.setattr(changing, "PARTS", 1)
    change = prepared(bo, f"{MANY}?every=true", what="off")
    assert "so far" in bo.get(change).text
    assert bo.post(f"{change}/stop").headers["location"] == change
    stopped = bo.get(change).text
    assert "Stopped while its cards were being found. Nothing was changed." in stopped
    assert "hx-get" not in stopped.partition('id="progress"')[2].partition(">")[0]
    for path in (f'action="{change}', "will change", "Not reached", "Switched off"):
        assert path not in stopped
    bo.post(change)
    assert bo.post(f"{change}/opposite").status_code == 400
    assert bo.get(f"{change}/results").text.count("\n") == 1
    assert active(api) == [True] * (CARDS_AT_ONCE + 1)
    lately = bo.get(MANY).text
    assert re.search(rf'href="{change}">Switch them off: .*?stopped</span>', lately, re.DOTALL)
    said = "stopped a change of several cards: none done, its cards were still being found"
    assert said in people.signed_in("Aria").get("/dashboard/audit").text


@one_engine
def test_why_a_card_is_refused_is_said_in_a_shops_words(api: ApiFixture, bo: Browser) -> None:
    """What was done lately is told as done."""
    card = api.grant()["id"]
    api.redeem(card)
    change = prepared(bo, f"{MANY}?ids={card}", what="off")
    for _ in range(2):
        assert "The card is used up." in bo.get(change).text
        assert card not in bo.get(change).text.partition("Refused")[2].partition("problem")[2]
        bo.post(change)
    assert "The card is used up." in bo.get(f"{change}/results").text
    assert f'href="{change}">Switched off: 1 card<' in bo.get(MANY).text


@one_engine
def test_nothing_of_another_stores_change_is_shown(
    api: ApiFixture, people: People, bo: Browser
) -> None:
    change = prepared(bo, f"{MANY}?ids={api.grant()['id']}", what="off")
    people.add("Eve", store=api.add_store("Elsewhere", OWNER))
    eve = people.browser()
    eve.use_link(people.link("Eve"))
    assert change not in eve.get(MANY).text
    for path in (change, f"{change}/results"):
        assert eve.get(path).status_code == 404
    for path in (change, f"{change}/opposite", f"{change}/stop"):
        assert eve.post(path).status_code == 404
    theirs = prepared(eve, f"{MANY}?ids={api.grant()['id']}", what="off")
    eve.post(theirs)
    assert "0 cards changed" in eve.get(theirs).text and "1 refused" in eve.get(theirs).text
    assert active(api) == [True, True]


@one_engine
def test_who_starts_a_change_is_named(api: ApiFixture, people: People, bo: Browser) -> None:
    card = api.grant()["id"]
    change = prepared(bo, f"{MANY}?ids={card}", what="off")
    aria = people.signed_in("Aria")
    aria.get(change)
    aria.post(change)
    assert api.entries(card)[-1].actor_id == "Aria"
    said = "changed several cards at once: 1 card to be switched off"
    assert f'<a href="{change}">{said}</a>' in aria.get("/dashboard/audit").text
    api.clock.advance(KEPT_FOR // SECOND)
    aria.use_link(people.link("Aria"))
    later = aria.get("/dashboard/audit").text
    assert said in later and change not in later


@one_engine
def test_what_is_wrong_is_said_at_its_field(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    chosen = hidden(bo.get(f"{MANY}?ids={card}").text)
    for wanted, field in (
        ({"what": "extend"}, "last_day"),
        ({"what": "extend", "last_day": "soon"}, "last_day"),
        ({"what": "tag"}, "label"),
        ({"what": "tag", "label": "x" * 65}, "label"),
        ({"what": "burn"}, "what"),
    ):
        refused = bo.post(MANY, chosen | wanted)
        assert refused.status_code == 400, wanted
        assert f'id="{field}-problem"' in refused.text, wanted
        assert hidden(refused.text) == chosen
    assert api.sql("SELECT id FROM bulk_changes") == []
    over = prepared(bo, f"{MANY}?ids={card}", what="extend", last_day="2020-01-01")
    assert "0 cards will change" in bo.get(over).text, "each card refuses a day that is over"
    hostile = bo.get(prepared(bo, f"{MANY}?ids={card}", what="tag", label=HOSTILE))
    assert hostile.status_code == 200 and HOSTILE not in hostile.text
    assert bo.post(MANY, {"what": "off", "ids": "x"}).status_code == 400
    assert "No card is chosen" in bo.get(MANY).text
    assert active(api) == [True]


@one_engine
def test_what_is_chosen_has_a_bound_by_hand(bo: Browser) -> None:
    ids = "&".join(f"ids={KELLY.uuid}" for _ in range(ROWS + 1))
    assert bo.get(f"{MANY}?{ids}").status_code == 400
    assert bo.get(f"{MANY}?every=true").status_code == 200
