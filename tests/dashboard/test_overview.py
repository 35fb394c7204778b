"""The first page: its figures are those of the ledger."""

import json
import re
from datetime import timedelta
from html import unescape
from itertools import pairwise
from typing import Any

import pytest

from gridgift.dashboard.charts import BOTTOM, TOP, chart
from gridgift.dashboard.pages import moved as moved_page
from gridgift.dashboard.pages import residents as residents_page
from gridgift.domain import activity, reports, residents, stores, verifications, verify, webhooks
from gridgift.domain.days import SECOND_LIFE, day_of, end_of, start_of
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, format_instant
from gridgift.domain.model import Resident
from gridgift.domain.stores import StoreChanges
from gridgift.domain.verify import Added
from tests.api import JO, KELLY, START, ApiFixture, operator
from tests.dashboard.people import UNKNOWN, Browser, People
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, change_credit, ext

HOSTILE = "<script>alert(1)</script>"


def figures(page: str) -> list[int]:
    """Return the large figures of a page, in L$."""
    found = re.findall(r'class="figure">L\$\xa0([\d,]+)<', page)
    return [int(text.replace(",", "")) for text in found]


def test_the_figures_are_what_is_owed(api: ApiFixture, people: People, aria: Browser) -> None:
    assert figures(aria.get("/dashboard").text) == [0, 0, 0]
    api.grant(KELLY.username, 1000)
    soon = format_instant(START + 5 * DAY)
    api.grant(KELLY.username, 250, expiresAt=soon)
    off = api.grant(JO.username, 70)
    assert api.call("POST", f"/v1/giftcards/{off['id']}/actions/disable").status_code == 200
    path = f"/ext/v1/customers/{JO.uuid}/credit/actions/deposit"
    sent = {"amount": 30, "reason": "gift", "reference": "1", "expiresAt": soon}
    assert api.call("POST", path, json=sent).status_code == 200
    page = aria.get("/dashboard").text
    assert figures(page) == [1280, 280, 70]
    said = re.sub(r"<[^>]+>", "", page)
    assert "L$\xa01,250 on 2 cards · L$\xa030 store credit" in said
    assert "L$\xa0250 on 1 card · L$\xa030 store credit" in said
    assert "Your shop&#39;s programs" in page
    held = api.sql("SELECT SUM(credit) FROM gift_cards")[0][0] + 30
    assert sum(figures(page)) - 280 == held
    api.clock.advance(6 * DAY // 1000)
    aria.use_link(people.link("Aria"))
    assert figures(aria.get("/dashboard").text) == [1000, 0, 350]


@one_engine
def test_another_stores_credit_is_not_among_it(
    api: ApiFixture, people: People, aria: Browser
) -> None:
    other = api.add_store("Elsewhere", JO)
    key = api.add_key("giftcards:write", store=other).key
    grant = f"/v1/customers/{KELLY.username}/actions/grant-gift-card"
    api.call("POST", grant, json={"credit": 5}, key=key)
    assert figures(aria.get("/dashboard").text) == [0, 0, 0]


@one_engine
def test_a_clerk_sees_it_too(bo: Browser) -> None:
    assert figures(bo.get("/dashboard").text) == [0, 0, 0]


def linked(text: str, words: str) -> str:
    """Return where the link leads whose text has these words."""
    for address, inner in re.findall(r'<a href="([^"]+)">([^<]*)</a>', text):
        if words in inner:
            return unescape(address)
    raise AssertionError(words)


def rows_of(browser: Browser, address: str) -> list[dict[str, Any]]:
    """Return the cards to which a figure leads, as the export of that list has them."""
    path, _, query = address.partition("?")
    lines = browser.get(f"{path}/export.jsonl?{query}").text.splitlines()
    return [json.loads(line) for line in lines]


def credit_on(browser: Browser, address: str) -> list[int]:
    """Return the amounts (L$) of the residents to whom a figure leads, on all pages."""
    found: dict[str, int] = {}
    while address:
        page = unescape(browser.get(address).text)
        rows = re.findall(
            r'/residents/([\w-]{36})">[^<]*</a></th>\s*<td class="n">L\$\xa0([\d,]+)<', page
        )
        assert not found.keys() & {uuid for uuid, _ in rows}
        found |= {uuid: int(amount.replace(",", "")) for uuid, amount in rows}
        address = next(iter(re.findall(r'href="([^"]+)" rel="next"', page)), "")
    return sorted(found.values())


def weeks(text: str) -> list[list[int]]:
    """Return the table's figures, week by week, the oldest first."""
    rows = re.findall(r'<tr id="week-\d+">(.*?)</tr>', text)
    cells = [
        re.findall(r'<td class="n[^"]*">(?:<a[^>]*>)?(?:L\$\xa0)?([-\d,]+)<', row) for row in rows
    ]
    return [[int(cell.replace(",", "")) for cell in row] for row in cells][::-1]


def test_each_figure_leads_to_exactly_its_rows(api: ApiFixture, aria: Browser) -> None:
    api.grant(credit=1000)
    api.grant(credit=250, expiresAt=format_instant(START + 5 * DAY))
    last = end_of(day_of(START, SECOND_LIFE) + timedelta(days=29), SECOND_LIFE)
    api.grant(JO.username, 7, expiresAt=format_instant(last))  # with the last of the 30 days
    api.grant(JO.username, 9, expiresAt=format_instant(last + 1))
    off = api.grant(JO.username, 70)["id"]
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    api.grant(credit=30, expiresAt=at(api, 1))
    empty = api.grant(credit=3)["id"]
    assert ext(api, empty, "actions/adjust", {"delta": -3, "reason": "x"}).status_code == 200
    api.clock.advance(2)
    page = aria.get("/dashboard").text
    for words, amounts in {
        "1,266 on 4 cards": [1000, 250, 7, 9], "257 on 2 cards": [250, 7],
        "70 switched off": [70], "30 expired": [30], "2 cards with": [250, 7],
        "Your shop&#39;s programs": [1000, 250, 7, 9, 70, 30],
    }.items():  # fmt: skip
        found = rows_of(aria, linked(page, words))
        assert sorted(card["credit"] for card in found) == sorted(amounts), words
    sources = page[page.index('id="sources"') :]
    for part in sources.partition("<tfoot>")[::2]:  # those of a program, and all
        for amounts in ([1000, 250, 7, 9], [70], [30]):
            found = rows_of(aria, linked(part, f"L$\xa0{sum(amounts):,}"))
            assert sorted(card["credit"] for card in found) == sorted(amounts)
        (address,) = re.findall(r'<td class="n"><a href="([^"]+)">6</a>', part)
        found = rows_of(aria, unescape(address))
        assert sorted(card["credit"] for card in found) == [7, 9, 30, 70, 250, 1000]
    next_days = page[page.index('id="next"') :].partition("</ul>")[0].split("<li>")[1:]
    assert len(next_days) == 2
    for day, amount in zip(next_days, [250, 7], strict=True):
        assert [c["credit"] for c in rows_of(aria, linked(day, "1 card"))] == [amount]
    assert weeks(page)[-1][:2] == [7, 1369]
    this_week = page[page.index('id="week-11"') :]
    for words in ("1,369", "7"):
        assert len(rows_of(aria, linked(this_week, words))) == 7
    points = re.findall(r'<a href="([^"]+)"><circle[^>]*/><title>([^<]*)</title>', page)
    given = [unescape(address) for address, title in points if title.startswith("Given")]
    assert [len(rows_of(aria, address)) for address in given] == [0] * 11 + [7]
    redeemed = [unescape(address) for address, title in points if title.startswith("Redeemed")]
    assert all(address.startswith("/dashboard/moved?what=redeemed&") for address in redeemed)


def test_figures_of_store_credit_lead_to_exactly_their_residents(
    api: ApiFixture, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows add up to each figure, and the figures to what verify adds up."""
    monkeypatch.setattr(residents_page, "ROWS", 2)
    people.add("Aria")
    others = [f"resident{number}.x" for number in range(4)]
    for name in others:
        api.write(residents.remember, Resident(new_id(), name))
    last = end_of(day_of(START + DAY, SECOND_LIFE) + timedelta(days=29), SECOND_LIFE)
    for name, amount, ends_at in (
        (KELLY.username, 10, None), (KELLY.username, 20, last), (KELLY.username, 5, last + 1),
        (JO.username, 40, START + 5 * DAY), (JO.username, 80, START + 9 * DAY),
        (others[0], 160, last), (others[1], 320, START + DAY // 2), (others[2], 640, last + 1),
        (others[3], 1280, START + DAY // 3), (others[3], 2560, START + 3 * DAY),
    ):  # fmt: skip
        sent = {"amount": amount, "reason": "gift", "reference": f"{amount}"}
        sent |= {"restricted": amount in {80, 640}}
        sent |= {"expiresAt": format_instant(ends_at)} if ends_at is not None else {}
        path = f"/ext/v1/customers/{name}/credit/actions/deposit"
        assert api.call("POST", path, json=sent).status_code == 200, amount
    api.grant(KELLY.username, 1)
    api.clock.advance(DAY // 1000)
    aria = aria_again(api)
    page = aria.get("/dashboard").text
    for words, amounts in {
        "3,515 store credit": [35, 120, 160, 640, 2560], "2,860 store credit": [20, 120, 160, 2560],
        "1,600 expired store credit": [320, 1280],
    }.items():  # fmt: skip
        assert credit_on(aria, linked(page, words)) == amounts, words
    next_days = page[page.index('id="next"') :].partition("</ul>")[0].split("<li>")[1:]
    ending = [credit_on(aria, linked(day, "store credit")) for day in next_days]
    assert ending == [[2560], [40], [80], [20, 160]]
    assert credit_on(aria, "/dashboard/residents?ends_from=2026-10-10") == [25, 160, 640]
    added: list[Added] = []
    api.read(verify.verify, *[lambda _: None] * 3, added.append)
    assert sum(each.store_credit for each in added) == 3515 + 1600
    searched = aria.get("/dashboard/residents?q=kelly&show=expired&ends_by=2026-10-01")
    assert KELLY.uuid in searched.text  # a name is looked for among all
    assert aria.get("/dashboard/residents?ends_by=soon").status_code == 400


def test_weeks_say_what_the_ledger_held_at_their_ends(api: ApiFixture, aria: Browser) -> None:
    """Subtracted week by week, they are what the entries of then add up to."""
    for week in range(4):
        page = CustomerPage(api)
        given = api.grant(credit=100 + week)["id"]
        used = api.grant(credit=40 + week)["id"]
        assert page.redeem(used).status_code == 200
        ext(api, given, "actions/adjust", {"delta": -30, "reason": "rent"})
        api.call("POST", f"/v1/giftcards/{given}/actions/disable")
        path = f"/ext/v1/customers/{KELLY.uuid}/credit/actions/"
        api.call("POST", f"{path}spend", json={"amount": 10, "reference": f"{week}"})
        api.clock.advance(7 * DAY // 1000)
    owner = People(api).browser()
    owner.use_link(People(api).link("Aria"))
    text = owner.get("/dashboard").text
    told = [week[-1] for week in weeks(text)]
    reported = api.read(activity.activity, api.store.id, "week").periods
    for held, each in zip(told, reported, strict=True):
        at_end = min(each.period.ends_at - 1, api.clock.now())
        owed = api.read(reports.liability, api.store.id, at_end)
        idle = owed.cards.disabled.amount + owed.cards.expired.amount + owed.credit.expired
        assert held == owed.owed + idle
    assert (
        told[-1]
        == api.sql("SELECT SUM(credit) FROM gift_cards")[0][0]
        + (api.sql("SELECT SUM(remaining) FROM credit_lots")[0][0])
    )
    assert [week[2] for week in weeks(text)][-5:] == [40, 41, 42, 43, 0]
    assert text.count("<circle") == 36
    titles = re.findall(r"<title>([^<]*week of[^<]*)</title>", text)
    assert len(titles) == 36 and titles[11].endswith("so far: L$\xa00")
    assert len(re.findall(r'class="open" d="M[\d.]+ [\d.]+ [\d.]+ [\d.]+"', text)) == 3, "dashed"
    assert re.search(r"Added up at [^,]+, [\d:]+, Second Life time\.", text)


def moved_at(browser: Browser, address: str) -> list[int]:
    """Return the amounts (L$) of the rows to which a figure leads, and last their sum as told."""
    amounts: list[int] = []
    in_all = 0
    while address:
        page = unescape(browser.get(address).text)
        (told,) = re.findall(r'class="lead"><strong>L\$\xa0([-\d,]+)</strong>', page)
        in_all = int(told.replace(",", ""))
        rows = re.findall(r'<td class="n">L\$\xa0([-\d,]+)</td>', page)
        amounts += [int(amount.replace(",", "")) for amount in rows]
        address = next(iter(re.findall(r'href="([^"]+)" rel="next"', page)), "")
    return [*amounts, in_all]


@pytest.mark.parametrize(
    ("zone", "monday"),
    [
        ("Europe/Berlin", 1_792_360_800_000),  # 19 October 2026: the 25th has 25 hours
        ("America/Los_Angeles", 1_792_998_000_000),  # 26 October 2026: 1 November has 25
        ("Australia/Sydney", 1_790_517_600_000),  # 28 September 2026: 4 October has 23
    ],
)
def test_weekly_figures_lead_to_exactly_their_rows(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch, zone: str, monday: int
) -> None:
    """At each edge of a week in which clocks are changed, something of each kind happens."""
    monkeypatch.setattr(moved_page, "ROWS", 2)
    People(api).add("Aria")
    api.write(stores.update, api.store.id, StoreChanges(time_zone=zone))
    following = start_of(day_of(monday, zone) + timedelta(days=7), zone)
    assert start_of(day_of(monday, zone), zone) == monday
    assert following - monday != 7 * DAY
    instants = (monday - 1, monday, monday + 3 * DAY, following - 1, following)
    for number, instant in enumerate(instants, 1):
        api.clock.advance((instant - api.clock.now()) / 1000)
        card = api.grant(credit=1000 * number)["id"]
        ext(api, card, "actions/adjust", {"delta": number, "reason": "more"})
        ext(api, card, "actions/adjust", {"delta": -3 * number, "reason": "less"})
        for more in ({}, {"transfer": True}):  # the second one moves nothing
            put = {"credit": 900 * number, "active": True} | more
            assert api.call("PUT", f"/v1/giftcards/{card}", json=put).status_code == 200
        hold = ext(api, card, "holds", {"amount": 7 * number, "expiresIn": 60}).json()["id"]
        ext(api, card, f"holds/{hold}/actions/capture", {"amount": 5 * number})
        assert CustomerPage(api).redeem(card).status_code == 200
        change_credit(api, "spend", 11 * number, reference=f"{number}")
    api.clock.advance(60)
    aria = aria_again(api)
    text = aria.get("/dashboard").text
    rows = re.findall(r'<tr id="week-\d+">(.*?)</tr>', text)[::-1]
    moving = r'<a href="(/dashboard/moved\?what=(?!held)[^"]*)"'
    leading = [re.findall(moving, row) for row in rows]
    found = [[moved_at(aria, unescape(address)) for address in week] for week in leading]
    figures_of_weeks = [[week[2], week[3], week[4]] for week in weeks(text)]
    assert [[sum(rows[:-1]) for rows in week] for week in found] == figures_of_weeks
    assert [[rows[-1] for rows in week] for week in found] == figures_of_weeks
    assert [[len(rows) - 1 for rows in week] for week in found if any(map(sum, week))] == [
        [2, 3, 1], [6, 9, 3], [2, 3, 1]
    ]  # fmt: skip


@one_engine
def test_the_rows_of_figures_are_chosen_by_days(api: ApiFixture, aria: Browser) -> None:
    card = api.grant(credit=50)["id"]
    ext(api, card, "actions/adjust", {"delta": -3, "reason": HOSTILE})
    page = aria.get("/dashboard/moved?what=changed").text
    assert "L$\xa0-3" in page and HOSTILE not in page and "&lt;script&gt;" in page
    assert f"/dashboard/cards/{card}" in page and f"/dashboard/residents/{KELLY.uuid}" in page
    day = day_of(START, SECOND_LIFE)
    for query, rows in (
        (f"first={day}&last={day}", 1), (f"first={day + timedelta(days=1)}", 0),
        (f"last={day - timedelta(days=1)}", 0), (f"first={day}&last={day - timedelta(days=1)}", 0),
    ):  # fmt: skip
        text = aria.get(f"/dashboard/moved?what=changed&{query}").text
        assert text.count(f"/dashboard/cards/{card}") == rows, query
    assert "Nothing of the kind" in aria.get("/dashboard/moved?what=spent").text
    assert aria.get("/dashboard/moved?what=all").status_code == 400


@one_engine
def test_another_stores_rows_are_not_among_them(api: ApiFixture, bo: Browser) -> None:
    other = api.add_store("Elsewhere", JO)
    key = api.add_key("giftcards:write", store=other).key
    grant = f"/v1/customers/{KELLY.username}/actions/grant-gift-card"
    card = api.call("POST", grant, json={"credit": 5}, key=key).json()["id"]
    body = {"delta": -3, "reason": "x"}
    path = f"/ext/v1/giftcards/{card}/actions/adjust"
    assert api.call("POST", path, json=body, key=key).status_code == 200
    assert card not in bo.get("/dashboard/moved?what=changed").text


@one_engine
def test_what_needs_a_hand(api: ApiFixture, aria: Browser, bo: Browser) -> None:
    assert "Nothing: no card ends soon" in aria.get("/dashboard").text
    caller = operator(api.store.id)
    wanted = webhooks.Wanted(url="https://shop.example.com/hooks")
    api.write(webhooks.create, caller, UNKNOWN, wanted)
    api.sql(f"UPDATE webhooks SET failing_since = {START}")
    api.add_key("store:read", expires_at=START + 101 * DAY)
    api.grant(credit=5000)
    api.grant(credit=4999)
    api.clock.advance(92 * DAY // 1000)
    api.grant(credit=6000)
    for name, owners in (("Aria", True), ("Bo", False)):
        browser = People(api).browser()
        browser.use_link(People(api).link(name))
        page = browser.get("/dashboard").text
        assert ("shop.example.com fails" in page) is owners
        assert ("in 9 days" in page) is owners
        large = linked(page, "1 card of L$\xa05,000 or more")
        assert [card["credit"] for card in rows_of(aria_again(api), large)] == [5000]


@one_engine
def test_of_two_webhooks_to_one_host_it_says_which_one_fails(
    api: ApiFixture, aria: Browser
) -> None:
    ids = [new_id(), new_id()]
    for webhook_id, place in zip(ids, ("orders", "stocks"), strict=True):
        wanted = webhooks.Wanted(url=f"https://shop.example.com/{place}")
        api.write(webhooks.create, operator(api.store.id), webhook_id, wanted)
    api.sql(f"UPDATE webhooks SET failing_since = {START} WHERE id = '{ids[1]}'")
    page = aria.get("/dashboard").text
    assert f'/{ids[1]}">The webhook to shop.example.com <code>/stocks</code> fails' in page
    assert "orders" not in page


def test_the_last_verification_is_shown(api: ApiFixture, people: People) -> None:
    """What it added up is what the page shows as held; faults and age are the owner's to mend."""

    def verified() -> None:
        added: list[Added] = []
        api.read(verify.verify, *[lambda _: None] * 3, added.append)
        for each in added:
            api.write(verifications.keep, operator(each.store_id), each)

    people.add("Aria")
    people.add("Bo", "clerk")

    def shown(name: str = "Aria") -> str:
        browser = people.browser()
        browser.use_link(people.link(name))
        return unescape(browser.get("/dashboard").text)

    command = "<code>gridgift verify</code>"
    api.grant(credit=1200)
    assert CustomerPage(api).redeem(api.grant(credit=50)["id"]).status_code == 200
    assert command not in shown() and 'id="verified"' not in shown()
    api.clock.advance(31 * DAY // 1000)
    assert "never verified" in shown() and command in shown()
    verified()
    page = shown()
    assert command not in page
    said = re.sub("<[^>]+>", "", page[page.index('id="verified">') + 14 :]).partition(" Added")[0]
    assert said == (
        "Verified just now: 2 cards with L$\xa01,200 and 1 account with L$\xa050 of store credit, "
        "no fault."
    )
    assert weeks(page)[-1][-1] == 1250
    api.sql("UPDATE gift_cards SET credit = credit + 1")
    verified()
    assert "did not add up: 2 faults" in shown() and command in shown()
    assert command not in shown("Bo") and "2 faults." in shown("Bo")
    api.sql("UPDATE gift_cards SET credit = credit - 1")
    verified()
    assert command not in shown()
    api.clock.advance(31 * DAY // 1000)
    assert "time to verify" in shown() and command in shown()


def aria_again(api: ApiFixture) -> Browser:
    """Return a browser in which the owner has signed in anew."""
    browser = People(api).browser()
    browser.use_link(People(api).link("Aria"))
    return browser


@pytest.mark.parametrize("largest", [0, 1, 3, 29, 30, 31, 999, 12_345, 2_147_483_647, 10**12])
def test_a_scale_is_round_and_holds_the_largest(largest: int) -> None:
    drawn = chart(["a", "b", "c"], {"x": [(0, "#"), (largest, "#"), (largest // 2, "#")]})
    heights, marks = zip(*drawn.scale, strict=True)
    assert marks[0] == 0 and marks[-1] >= largest
    assert len({b - a for a, b in pairwise(marks)}) == 1
    assert all(TOP <= point.y <= BOTTOM for point in drawn.lines[0].points)
    assert list(heights) == sorted(heights, reverse=True)
    assert drawn.lines[0].path.count(" ") == 3  # two points: the third is of a time not over
