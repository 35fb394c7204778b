"""The page at /me: what a resident sees and does there (contract section 8)."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from gridgift.app import now
from gridgift.caches import REMEMBERED_FOR
from gridgift.domain import residents
from gridgift.domain.instants import format_instant
from gridgift.domain.model import Resident
from tests.browser.visit import DESK, PHONE, SMALL, Store, Visit

BAD_REQUEST = "status of 400"
NOT_FOUND = "status of 404"
DEAD_TOKEN = "status of 401"
LIMITED = "status of 429"
TEXTURE = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


# What is shown


def test_it_greets_and_shows_credit_and_cards(visit: Visit, store: Store, kelly: Resident) -> None:
    store.deposit(kelly, 1234, expiresAt="2099-06-30T00:00:00Z")
    store.deposit(kelly, 66, expiresAt="2098-12-01T00:00:00Z")
    store.deposit(kelly, 1000)
    store.deposit(kelly, 200, restricted=True, expiresAt="2099-01-15T00:00:00Z")
    dated = store.grant(kelly, credit=2500, expiresAt="2099-12-20T12:00:00Z", texture=TEXTURE)
    mine = store.grant(kelly, credit=70, transfer=False)
    off = store.grant(kelly, credit=30)
    store.change(off, active=False)
    page = visit.greet(kelly)
    expect(page.locator("#brand")).to_have_text("Moonwall Couture")
    expect(page.locator("#lead")).to_have_text("You have 2 gift cards to use at Moonwall Couture.")
    expect(page.locator(".total")).to_have_text("L$ 2,300")
    expect(page.locator(".restricted")).to_contain_text("L$ 200 of restricted credit")
    expect(page.locator(".lots li")).to_have_text(
        [
            "L$ 66 until 30 November 2098",
            "L$ 200 until 14 January 2099, restricted",
            "L$ 1,234 until 29 June 2099",
            "L$ 1,000 does not expire",
        ]
    )
    assert page.locator(".lots time").first.get_attribute("datetime") == "2098-12-01T00:00:00Z"
    expect(visit.card(dated)).to_contain_text("Good until 20 December 2099 at 12:00")
    expect(visit.card(dated).get_by_role("heading")).to_have_text("L$ 2,500")
    assert visit.card(dated).locator("time").get_attribute("datetime") == "2099-12-20T12:00:00Z"
    expect(visit.card(mine)).to_contain_text("For you only: it can't be passed on")
    expect(page.get_by_text("Active", exact=True)).to_have_count(0)  # it goes without saying
    expect(visit.card(mine).get_by_role("button")).to_have_count(1)
    expect(visit.card(mine).get_by_role("button", name="Redeem the card of L$ 70")).to_be_visible()
    expect(visit.card(off)).to_contain_text("Switched off: please ask the store")
    expect(visit.card(off).get_by_role("button")).to_have_count(0)
    visit.card(dated).locator(".picture").scroll_into_view_if_needed()
    visit.until(lambda: visit.pictures)
    assert visit.pictures == [f"https://picture-service.secondlife.com/{TEXTURE}/256x192.jpg"]
    visit.check()
    visit.shoot("cards-light", whole=True)


def test_dates_are_the_residents(
    visits: Callable[..., Visit], store: Store, kelly: Resident
) -> None:
    store.grant(kelly, expiresAt="2099-12-20T12:00:00Z")
    visit = visits(locale="de-DE")
    page = visit.open(store.link(kelly))
    expect(page.locator(".until")).to_have_text("Gültig bis 20. Dezember 2099 um 12:00")
    assert page.locator(".until time").get_attribute("lang") == "de-DE"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize(
    ("locale", "hello", "total", "last_day"),
    [
        ("de-DE", "Hallo, ", "L$ 12.345", "Gültig bis 20. Dezember 2099"),
        ("ja", "こんにちは、", "L$ 12,345", "2099年12月20日まで有効"),
    ],
)
def test_the_page_speaks_the_residents_language(
    visits: Callable[..., Visit], store: Store, kelly: Resident, size: tuple[int, int],
    scheme: str, locale: str, hello: str, total: str, last_day: str,
) -> None:  # fmt: skip
    store.deposit(kelly, 12_345)
    dated = store.grant(kelly, expiresAt="2099-12-21T00:00:00Z", texture=TEXTURE)
    store.grant(kelly, transfer=False, expiresAt=_in_days(3))
    visit = visits(size, locale=locale, color_scheme=scheme)
    page = visit.open(store.link(kelly))
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{hello}{kelly.username}")
    assert page.evaluate("document.documentElement.lang") == locale[:2]
    expect(page.locator(".total")).to_have_text(total)
    expect(visit.card(dated).locator(".until")).to_have_text(last_day)
    visit.check()
    visit.shoot(f"language-{locale}-{scheme}-{size[0]}", whole=True)


def test_what_ends_soon_comes_first_and_says_so(
    visit: Visit, store: Store, kelly: Resident
) -> None:
    soonest, never = store.grant(kelly, expiresAt=_in_days(2)), store.grant(kelly)
    later = store.grant(kelly, expiresAt=_in_days(200))
    soon = store.grant(kelly, expiresAt=_in_days(9))
    store.deposit(kelly, 66, expiresAt=_in_days(5))
    page = visit.greet(kelly)
    shown = page.locator("#cards > li").evaluate_all("all => all.map((each) => each.dataset.id)")
    assert shown[:2] == [soonest["id"], soon["id"]]
    assert {*shown[2:]} == {never["id"], later["id"]}
    for card, days in ((soonest, 2), (soon, 9)):
        expect(visit.card(card).locator(".soon")).to_have_text(f"{days} days left")
    for card in (never, later):
        expect(visit.card(card).locator(".soon")).to_have_count(0)
    expect(page.locator(".lots .soon")).to_have_text("5 days left")
    visit.check()


def _in_days(days: int) -> str:
    return format_instant(now() + days * 86_400_000)


ENDS = {  # when a card ends, and what residents in some time zones read
    # the end of 31 January in Second Life
    "2099-02-01T08:00:00Z": {
        "America/Los_Angeles": "31 January 2099",
        "Europe/Berlin": "1 February 2099 at 09:00",
        "Asia/Kolkata": "1 February 2099 at 13:30",
        "Pacific/Kiritimati": "1 February 2099 at 22:00",
    },
    # a day of 23 hours, and one of 25
    "2030-03-11T07:00:00Z": {"America/Los_Angeles": "10 March 2030"},
    "2030-11-04T08:00:00Z": {"America/Los_Angeles": "3 November 2030"},
    # a day after which there is no midnight
    "2030-04-25T22:00:00Z": {"Africa/Cairo": "25 April 2030", "UTC": "25 April 2030 at 22:00"},
    # the last second of a day
    "2099-01-31T23:59:59Z": {"UTC": "31 January 2099 at 23:59"},
    "2099-02-01T00:00:00Z": {"UTC": "31 January 2099"},
}


@pytest.mark.parametrize("zone", sorted({zone for shown in ENDS.values() for zone in shown}))
def test_the_last_day_is_shown_in_the_readers_zone(
    visits: Callable[..., Visit], store: Store, kelly: Resident, zone: str
) -> None:
    """Of cards and of credit; with the hour where the day is not whole."""
    shown = {end: texts[zone] for end, texts in ENDS.items() if zone in texts}
    granted = {end: store.grant(kelly, expiresAt=end) for end in shown}
    for end in shown:
        store.deposit(kelly, 7, expiresAt=end)
    visit = visits(timezone_id=zone)
    page = visit.greet(kelly)
    for end, text in shown.items():
        until = visit.card(granted[end]).locator(".until")
        expect(until).to_have_text(f"Good until {text}")
        assert until.locator("time").get_attribute("datetime") == end
    lots = [f"L$ 7 until {text}" for end, text in sorted(shown.items())]
    expect(page.locator(".lots li")).to_have_text(lots)
    visit.check()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_dates_with_hours_fit(
    visits: Callable[..., Visit], store: Store, kelly: Resident, size: tuple[int, int]
) -> None:
    store.deposit(kelly, 2_000, expiresAt="2099-09-30T07:00:00Z", restricted=True)
    for end in ("2099-10-01T07:00:00Z", "2099-09-30T16:30:00Z"):
        store.grant(kelly, expiresAt=end)
    visit = visits(size, timezone_id="America/Los_Angeles", locale="en-US")
    page = visit.greet(kelly)
    expect(page.locator(".until")).to_have_text([
        "Good until September 30, 2099", "Good until September 30, 2099 at 9:30 AM",
    ])  # fmt: skip
    visit.check()
    visit.shoot(f"dates-{'phone' if size == PHONE else 'desk'}", whole=True)


def test_a_part_that_is_held_is_shown_until_it_comes_free(
    visit: Visit, store: Store, kelly: Resident
) -> None:
    card, other = store.grant(kelly), store.grant(kelly, credit=70)
    hold = store.hold(card, 120, 3600)
    visit.page.clock.install()
    page = visit.greet(kelly)
    held = visit.card(card).locator(".held")
    expect(held.locator("li")).to_have_text(
        re.compile(
            r"^L\$\s120 set aside for an order of yours\. It comes free in .+: .*\d\d:\d\d\.$"
        )
    )
    expect(held.locator("li time")).to_have_attribute("datetime", hold["expiresAt"])
    expect(held.locator("p")).to_contain_text("So L$ 380 of this card is available.")
    expect(visit.card(card).get_by_role("heading")).to_have_text("L$ 500")
    expect(visit.card(card).get_by_role("button")).to_have_count(0)
    expect(visit.card(other).locator(".held")).to_be_hidden()
    expect(page.locator("#cards-sum")).to_contain_text("L$ 570 on your cards, of which L$ 450")
    visit.shoot("held", whole=True)
    page.clock.fast_forward(40 * 60_000)
    expect(held.locator(".when")).to_have_text(re.compile(r"^in \d\d minutes$"))
    store.void(card, hold)
    page.clock.fast_forward(20 * 60_000)  # now the page takes it for over, and asks
    expect(held).to_be_hidden()
    expect(visit.card(card).get_by_role("button")).to_have_count(2)
    expect(page.locator("#cards-sum")).to_have_text("L$ 570 on your cards")
    visit.check()


def test_the_store_says_whom_to_ask(
    visits: Callable[..., Visit], make_store: Callable[..., Store]
) -> None:
    store, place = make_store(), "https://maps.secondlife.com/secondlife/Moon/1/2/3"
    kelly = store.resident()
    visit = visits(at=store)
    page = visit.greet(kelly)
    expect(page.locator("#store")).to_be_hidden()
    hostile = "<img src=x onerror=alert(1)> javascript:alert(1)"
    store.update(contact=hostile, location_slurl=place)
    page.reload()
    expect(page.locator("#contact")).to_have_text(hostile)
    expect(page.locator("#contact *")).to_have_count(0)
    expect(page.get_by_role("link", name="Find the store on the map")).to_have_attribute(
        "href", place
    )
    store.update(contact="https://moonwall.example/help", location_slurl="")
    page.reload()
    expect(page.get_by_role("link", name="https://moonwall.example/help")).to_be_visible()
    expect(page.locator("#map")).to_be_hidden()
    visit.check()


def test_the_history_is_told_in_sentences(
    visit: Visit, store: Store, kelly: Resident, jo: Resident
) -> None:
    card = store.grant(kelly, credit=1500)
    hold = store.hold(card, 120)
    store.void(card, hold)
    for number in range(20):
        store.deposit(kelly, 100 + number)
    page = visit.greet(kelly)
    lines = page.locator("#moments li")
    expect(lines).to_have_count(0)
    page.get_by_text("What happened to your cards").click()
    expect(lines).to_have_count(20)
    expect(lines.first).to_contain_text("The store gave you L$ 119 of store credit.")
    page.locator("#history").get_by_role("button", name="Show more").click()
    expect(lines).to_have_count(23)
    expect(visit.said).to_have_text("3 lines more are shown.")
    expect(lines.last).to_contain_text("You were given a gift card of L$ 1,500.")
    expect(lines.nth(21)).to_contain_text("L$ 120 of a gift card were set aside for an order")
    expect(lines.nth(21).locator("time")).to_have_count(2)
    expect(lines.nth(20)).to_contain_text(
        "L$ 120 of a gift card that were set aside are free again."
    )
    visit.card(card).get_by_role("button", name="Transfer").click()
    visit.dialog.get_by_label("The receiver's username").fill(jo.username)
    visit.dialog.get_by_role("button", name="Continue").click()
    visit.dialog.get_by_role("button", name="Transfer").click()
    expect(lines.first).to_contain_text(
        f"You passed a gift card of L$ 1,500 on to {full_name(jo)}."
    )
    visit.check()
    visit.shoot("history", whole=True)


def test_what_an_old_entry_does_not_say_is_not_told(visit: Visit, kelly: Resident) -> None:
    """And what only a newer server knows."""
    nothing = {"giftCardId": None, "other": None, "until": None, "at": "2026-01-01T00:00:00Z"}
    kinds = [
        ("held", 0),
        ("held", 5),
        ("released", 0),
        ("invented", 5),
        ("changed", 0),
        ("spent", 5),
    ]

    def lie(route: Route) -> None:
        body = route.fetch().json()
        body["data"] = [nothing | {"kind": kind, "amount": amount} for kind, amount in kinds]
        route.fulfill(json=body)

    visit.page.route("**/history?*", lie)
    page = visit.greet(kelly)
    page.get_by_text("What happened to your cards").click()
    expect(page.locator("#moments li span")).to_have_text(
        ["The store changed a gift card of yours.", "You spent L$ 5 of store credit."]
    )
    visit.check()


def test_there_is_no_history_yet(visit: Visit, kelly: Resident) -> None:
    page = visit.greet(kelly)
    page.get_by_text("What happened to your cards").click()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    visit.check()


def test_nothing_yet(visit: Visit, kelly: Resident) -> None:
    page = visit.greet(kelly)
    expect(page.get_by_text("No gift card is waiting for you")).to_be_visible()
    expect(page.get_by_text("No credit at Moonwall Couture yet")).to_be_visible()
    visit.check()
    visit.shoot("empty")


def test_more_cards_come_when_asked_for(visit: Visit, store: Store, kelly: Resident) -> None:
    cards = [store.grant(kelly, credit=number) for number in range(1, 31)]
    page = visit.greet(kelly)
    expect(page.locator("#cards > li")).to_have_count(24)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#cards > li")).to_have_count(30)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    expect(visit.said).to_have_text("6 gift cards more are shown.")
    assert visit.focused() == "L$\u00a025"
    visit.card(cards[29]).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(page.locator(".total")).to_have_text("L$ 30")
    expect(page.locator("#cards > li")).to_have_count(29)
    visit.check()


def test_a_picture_falls_back_to_the_logo_and_then_to_a_drawing(
    visits: Callable[..., Visit], make_store: Callable[..., Store]
) -> None:
    store = make_store()
    store.update(logo="11112222-3333-4444-8555-666677778888")
    kelly = store.resident()
    with_texture, without = store.grant(kelly, texture=TEXTURE), store.grant(kelly)
    visit = visits(at=store)
    page = visit.greet(kelly)
    logo = "https://picture-service.secondlife.com/11112222-3333-4444-8555-666677778888/256x192.jpg"
    expect(visit.card(without).locator("img")).to_have_attribute("src", logo)
    expect(page.locator("#logo")).to_have_attribute("src", logo)
    visit.broken_pictures = True
    page.reload()
    for card in (with_texture, without):
        expect(visit.card(card).locator("img")).to_have_attribute("src", "/static/card.svg")
    expect(page.locator("#logo")).to_have_attribute("src", "/static/icon.svg")
    wait = "[...document.querySelectorAll('.card img')].every((i) => i.complete && i.naturalWidth)"
    page.wait_for_function(wait)
    visit.check("status of 404")


# The link


def test_the_token_leaves_the_address_and_outlives_a_reload(visit: Visit, kelly: Resident) -> None:
    page = visit.greet(kelly)
    assert page.url == f"{visit.store.server.url}/me"
    assert page.evaluate("history.length") <= 2
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {kelly.username}")
    other_tab = visit.context.new_page()
    other_tab.goto(f"{visit.store.server.url}/me")
    expect(other_tab.get_by_role("heading", level=1)).to_have_text("Open your link once more")
    assert visit.context.cookies() == []
    assert page.evaluate("localStorage.length") == 0
    visit.check()


def test_without_a_link(visit: Visit) -> None:
    page = visit.open(f"{visit.store.server.url}/me")
    expect(page.get_by_role("heading", level=1)).to_have_text("Open your link once more")
    assert page.get_by_role("button").count() == 0
    visit.check()
    visit.shoot("no-link")


def test_another_link_in_the_same_tab(visit: Visit, kelly: Resident, jo: Resident) -> None:
    page = visit.greet(kelly)
    page.evaluate("token => { location.hash = 'ct=' + token }", visit.store.token(jo))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {jo.username}")
    assert "#" not in page.url
    visit.check()


def test_an_expired_link_is_forgotten(visit: Visit, store: Store, kelly: Resident) -> None:
    page = visit.open(f"{store.server.url}/me#ct={store.dead_token(kelly)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has expired")
    assert page.evaluate("sessionStorage.length") == 0
    visit.check(DEAD_TOKEN)
    visit.shoot("expired")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open your link once more")


@pytest.mark.parametrize("path", ["/me/", "/me/xyz", "/mee"])
def test_a_mistyped_link_leads_on(visit: Visit, kelly: Resident, path: str) -> None:
    """The token stands in the fragment, so the way on has it too."""
    page = visit.open(f"{visit.store.server.url}{path}#ct={visit.store.token(kelly)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no page here")
    visit.check("status of 404")
    visit.shoot("mistyped")
    page.get_by_role("link", name="Your gift cards").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {kelly.username}")
    assert page.url == f"{visit.store.server.url}/me"


@pytest.mark.parametrize("token", ["", "half", "日本", "%00", "a b", "x" * 600, "<img src=x>"])
def test_a_broken_link(visit: Visit, token: str) -> None:
    page = visit.open(f"{visit.store.server.url}/me#ct={token}")
    words = re.compile("This link has expired|Open your link once more")
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
    visit.check(DEAD_TOKEN)


def test_a_link_that_is_revoked_meanwhile(visit: Visit, store: Store, kelly: Resident) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)
    store.revoke(kelly)
    page.wait_for_timeout(1000 * REMEMBERED_FOR + 100)
    visit.card(card).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has expired")
    expect(visit.dialog).to_have_count(0)
    assert not store.card(card)["redeemed"]
    visit.check(DEAD_TOKEN)


# Redeeming


def test_redeeming(visit: Visit, store: Store, kelly: Resident) -> None:
    card = store.grant(kelly, credit=1500, expiresAt="2099-12-20T12:00:00Z")
    page = visit.greet(kelly)
    visit.card(card).get_by_role("button", name="Redeem").click()
    expect(visit.dialog.get_by_role("heading")).to_have_text("Redeem L$ 1,500?")
    expect(visit.dialog).to_contain_text("store credit at Moonwall Couture")
    expect(visit.dialog).to_contain_text("It lasts until 20 December 2099 at 12:00")
    expect(visit.dialog).to_contain_text("This can't be undone.")
    visit.shoot("redeem")
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(visit.said).to_have_text(
        "Redeemed: L$ 1,500 are now your store credit at Moonwall Couture."
    )
    expect(page.locator(".total")).to_have_text("L$ 1,500")
    expect(page.locator(".lots li")).to_have_text("L$ 1,500 until 20 December 2099 at 12:00")
    expect(page.locator("#past")).to_contain_text("Redeemed (1)")
    expect(page.locator("#cards > li")).to_have_count(0)
    assert store.card(card)["redeemed"]
    assert store.credit(kelly) == 1500
    assert re.fullmatch(r"[0-9a-f-]{32,36}", visit.posts[0].headers["idempotency-key"])
    visit.check()
    visit.shoot("redeemed")
    page.get_by_role("button", name="Close this message").click()
    expect(visit.said).to_be_empty()


def test_a_double_click_redeems_once(visit: Visit, store: Store, kelly: Resident) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)
    visit.card(card).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").dblclick()
    expect(page.locator(".total")).to_have_text("L$ 500")
    assert len(visit.posts) == 1
    assert store.credit(kelly) == 500
    visit.check()


def test_everything_waits_while_a_request_runs(visit: Visit, store: Store, kelly: Resident) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)
    held: list[Route] = []
    page.route("**/redeem", lambda route: held.append(route))
    visit.card(card).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(visit.dialog.get_by_role("button", name="Redeeming…")).to_be_disabled()
    expect(visit.dialog.get_by_role("button", name="Cancel")).to_be_disabled()
    expect(page.locator("#ask-progress")).to_have_text("Redeeming…")
    page.keyboard.press("Escape")
    expect(visit.dialog).to_be_visible()
    visit.until(lambda: held)  # the button says so before the request is out
    held[0].continue_()
    expect(page.locator(".total")).to_have_text("L$ 500")
    visit.check()


def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    visit: Visit, store: Store, kelly: Resident
) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/redeem", lose, times=1)
    visit.card(card).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("You can safely try again")
    assert store.card(card)["redeemed"], "the server has done it"
    visit.dialog.get_by_role("button", name="Try again").click()
    expect(visit.said).to_contain_text("Redeemed: L$ 500")
    first, second = (post.headers["idempotency-key"] for post in visit.posts)
    assert first == second
    assert store.credit(kelly) == 500
    visit.check("net::ERR_FAILED")


def test_offline_and_back(visit: Visit, store: Store, kelly: Resident) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)
    visit.context.set_offline(True)
    visit.card(card).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("No answer came.")
    assert visit.focused() == "Try again"
    visit.shoot("offline")
    visit.context.set_offline(False)
    page.keyboard.press("Enter")
    expect(page.locator(".total")).to_have_text("L$ 500")
    assert store.credit(kelly) == 500
    visit.check("net::ERR_INTERNET_DISCONNECTED")


def test_the_page_can_be_read_again_after_a_failure(
    visit: Visit, store: Store, kelly: Resident
) -> None:
    visit.context.route("**/v1/customer/**", lambda route: route.abort())
    page = visit.open(store.link(kelly))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cards can't be shown now")
    visit.shoot("unreachable")
    visit.context.unroute("**/v1/customer/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {kelly.username}")
    visit.check("net::ERR_FAILED")


def test_a_card_that_was_redeemed_elsewhere(visit: Visit, store: Store, kelly: Resident) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)
    headers = {"X-Customer-Token": store.token(kelly)}
    store.client.post(f"/v1/customer/giftcards/{card['id']}/redeem", headers=headers)
    visit.card(card).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("was redeemed already")
    visit.dialog.get_by_role("button", name="Close").click()
    expect(page.locator(".total")).to_have_text("L$ 500")
    expect(page.locator("#cards > li")).to_have_count(0)
    visit.check(BAD_REQUEST)


# Passing on


def test_transferring(visit: Visit, store: Store, kelly: Resident, jo: Resident) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)
    visit.card(card).get_by_role("button", name="Transfer").click()
    visit.shoot("transfer-to")
    visit.dialog.get_by_label("The receiver's username").fill(f" {jo.username} ")
    visit.dialog.get_by_role("button", name="Continue").click()
    name = full_name(jo)
    expect(visit.dialog.get_by_role("heading")).to_have_text(f"Give L$ 500 to {name}?")
    expect(visit.dialog.locator("#ask-who b")).to_have_text(name)
    expect(visit.dialog.locator("#ask-who .hint")).to_have_text(jo.username)
    expect(visit.dialog.locator("#ask-who svg")).to_have_text("RT")
    assert visit.posts == [], "nothing is done before the last click"
    expect(visit.dialog).to_contain_text("Moonwall Couture")
    expect(visit.dialog).to_contain_text("This can't be undone.")
    visit.shoot("transfer")
    visit.dialog.get_by_role("button", name="Transfer").click()
    expect(visit.said).to_have_text(f"Transferred: the gift card of L$ 500 is {name}'s now.")
    assert visit.posts[0].post_data_json == {"receiverIdentifier": jo.uuid}
    expect(page.locator("#cards > li")).to_have_count(0)
    assert store.card(card)["ownerUuid"] == jo.uuid
    visit.check()


def full_name(resident: Resident) -> str:
    return " ".join(part.capitalize() for part in resident.username.split("."))


def test_a_receiver_without_a_name(visit: Visit, store: Store, kelly: Resident) -> None:
    """One of whom only the UUID was ever seen."""
    card, nameless = store.grant(kelly), str(uuid.uuid4())
    store.write(residents.remember, Resident(nameless, nameless))
    visit.greet(kelly)
    visit.card(card).get_by_role("button", name="Transfer").click()
    visit.dialog.get_by_label("The receiver's username").fill(nameless)
    visit.dialog.get_by_role("button", name="Continue").click()
    expect(visit.dialog.locator("#ask-who b")).to_have_text("A resident whose name is not known")
    expect(visit.dialog.locator("#ask-who .hint")).to_have_text(nameless)
    expect(visit.dialog.locator("#ask-who svg")).to_have_text("?")
    visit.check()


def test_a_look_up_without_an_answer(
    visit: Visit, store: Store, kelly: Resident, jo: Resident
) -> None:
    card = store.grant(kelly)
    page = visit.greet(kelly)
    page.route("**/residents/*", lambda route: route.abort(), times=1)
    visit.card(card).get_by_role("button", name="Transfer").click()
    visit.dialog.get_by_label("The receiver's username").fill(jo.username)
    visit.dialog.get_by_role("button", name="Continue").click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("No answer came.")
    visit.dialog.get_by_role("button", name="Try again").click()
    expect(visit.dialog.locator("#ask-who b")).to_have_text(full_name(jo))
    expect(visit.dialog.get_by_role("alert")).to_be_empty()
    visit.check("net::ERR_FAILED")


def test_a_transfer_can_be_thought_over(
    visit: Visit, store: Store, kelly: Resident, jo: Resident
) -> None:
    card = store.grant(kelly)
    visit.greet(kelly)
    start = visit.card(card).get_by_role("button", name="Transfer")
    start.click()
    visit.dialog.get_by_role("button", name="Continue").click()
    expect(visit.dialog.get_by_role("alert")).to_have_text("Please write the receiver's username.")
    visit.dialog.get_by_label("The receiver's username").fill(jo.username)
    visit.dialog.get_by_role("button", name="Continue").click()
    visit.dialog.get_by_role("button", name="Back").click()
    expect(visit.dialog.get_by_label("The receiver's username")).to_have_value(jo.username)
    visit.dialog.get_by_role("button", name="Cancel").click()
    expect(visit.dialog).to_have_count(0)
    expect(start).to_be_focused()
    assert visit.posts == []
    assert store.card(card)["ownerUuid"] == kelly.uuid
    visit.check()


def test_a_receiver_who_is_unknown(
    visit: Visit, store: Store, kelly: Resident, jo: Resident
) -> None:
    card = store.grant(kelly)
    visit.greet(kelly)
    visit.card(card).get_by_role("button", name="Transfer").click()
    name = visit.dialog.get_by_label("The receiver's username")
    for wrong, why in (
        ("nobody.known", "Nobody of this name is known here."),
        ("<b>x</b>", "This is not a username."),
        (kelly.username, "This is you."),
        ("..", "This is not a username."),
        ("a b c?x#y%00", "This is not a username."),
        ("\N{SNOWMAN}", "This is not a username."),
        (kelly.uuid.upper(), "This is you."),
    ):
        name.fill(wrong)
        visit.dialog.get_by_role("button", name="Continue").click()
        expect(visit.dialog.get_by_role("alert")).to_contain_text(why)
        expect(name).to_be_focused()
        expect(name).to_have_attribute("aria-invalid", "true")
    visit.shoot("transfer-refused")
    name.fill(jo.username)
    visit.dialog.get_by_role("button", name="Continue").click()
    visit.dialog.get_by_role("button", name="Transfer").click()
    expect(visit.said).to_contain_text("Transferred")
    assert store.card(card)["ownerUuid"] == jo.uuid
    assert len(visit.posts) == 1
    visit.check(BAD_REQUEST, NOT_FOUND)


def test_a_card_that_is_not_transferable_any_more(
    visit: Visit, store: Store, kelly: Resident, jo: Resident
) -> None:
    card = store.grant(kelly)
    visit.greet(kelly)
    store.change(card, transfer=False)
    visit.card(card).get_by_role("button", name="Transfer").click()
    visit.dialog.get_by_label("The receiver's username").fill(jo.username)
    visit.dialog.get_by_role("button", name="Continue").click()
    visit.dialog.get_by_role("button", name="Transfer").click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("can't be passed on")
    visit.dialog.get_by_role("button", name="Close").click()
    expect(visit.card(card).get_by_role("button", name="Transfer")).to_have_count(0)
    assert store.card(card)["ownerUuid"] == kelly.uuid
    visit.check(BAD_REQUEST)


# Limits


def test_the_limit_of_requests_is_waited_for(
    visits: Callable[..., Visit], make_store: Callable[..., Store]
) -> None:
    store = make_store(GRIDGIFT_RATE_LIMIT="1200", GRIDGIFT_TOKEN_RATE_LIMIT="40")
    kelly = store.resident()
    card = store.grant(kelly)
    token = store.token(kelly)

    def use_up(route: Route) -> None:
        """Use all requests up, and answer the page's own as the server does then.

        It says to wait long enough for anybody to see it.
        """
        headers = {"X-Customer-Token": token}
        while (answer := store.client.get("/v1/customer/profile", headers=headers)).is_success:
            pass
        assert answer.headers["retry-after"] in {"1", "2"}
        told = {"content-type": answer.headers["content-type"], "retry-after": "20"}
        route.fulfill(status=answer.status_code, headers=told, body=answer.content)

    visit = visits(at=store)
    visit.page.clock.install()
    visit.page.route("**/profile", use_up, times=1)
    page = visit.open(f"{store.server.url}/me#ct={token}")
    expect(page.get_by_role("heading", level=1)).to_have_text("One moment, please")
    expect(page.locator("#lead")).to_have_text(re.compile(r"too many requests.* in 20 seconds\."))
    visit.shoot("limited")
    page.clock.run_for(20_000)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {kelly.username}")
    visit.card(card).get_by_role("button", name="Redeem").click()
    page.route("**/redeem", use_up, times=1)
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(visit.dialog.get_by_role("alert")).to_have_text(
        re.compile(r"You can try again in 20 seconds\.")
    )
    expect(visit.dialog.get_by_role("button", name="Try again in")).to_be_disabled()
    visit.shoot("limited-redeem")
    page.wait_for_timeout(3_000)  # the server has one more to give after 1.5
    page.clock.run_for(20_000)
    visit.dialog.get_by_role("button", name="Try again", exact=True).click()
    expect(visit.said).to_contain_text("Redeemed: L$ 500")
    expect(page.locator(".total")).to_have_text("L$ 500")
    assert store.credit(kelly) == 500
    visit.check(LIMITED)


# Hostile things


def test_names_and_textures_are_text(
    visit: Visit, store: Store, kelly: Resident, jo: Resident
) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>"
    card = store.grant(kelly)

    def lie(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        if "username" in body:
            body["username"] = evil
        if "contact" in body:
            body |= {"name": evil, "logo": "//evil.example/x", "contact": "javascript:alert(1)"}
            body["locationSlUrl"] = "javascript:alert(1)"
        if "/residents/" in route.request.url:
            body["username"] = evil
        if "data" in body:
            body["data"][0]["texture"] = "../../evil?x="
        route.fulfill(response=answer, json=body)

    visit.context.route("**/v1/customer/**", lie)
    page = visit.open(store.link(kelly))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {evil}")
    expect(page.locator("#brand")).to_have_text(evil)
    expect(visit.card(card).locator("img")).to_have_attribute("src", "/static/card.svg")
    visit.card(card).get_by_role("button", name="Redeem").click()
    expect(visit.dialog).to_contain_text(evil)
    page.keyboard.press("Escape")
    visit.card(card).get_by_role("button", name="Transfer").click()
    visit.dialog.get_by_label("The receiver's username").fill(evil)
    page.keyboard.press("Enter")
    expect(visit.dialog.get_by_role("alert")).to_contain_text("This is not a username.")
    visit.dialog.get_by_label("The receiver's username").fill(jo.username)
    page.keyboard.press("Enter")
    expect(visit.dialog.get_by_role("heading")).to_contain_text("src=x")
    page.keyboard.press("Escape")
    expect(page.locator("#contact")).to_have_text("javascript:alert(1)")
    expect(page.locator("#map")).to_be_hidden()
    assert page.locator("a[href]").count() == 0
    assert page.locator("[onerror], main script, [src=x]").count() == 0
    assert page.title() != "owned"
    assert visit.pictures == []
    visit.check()


def test_a_hostile_store_name_from_the_server(
    visits: Callable[..., Visit], make_store: Callable[..., Store]
) -> None:
    store = make_store()
    name = '"><script>alert(1)</script>{{7*7}}\u200f' + "W" * 90
    store.update(name=name)
    kelly = store.resident()
    store.grant(kelly, expiresAt="2099-12-20T12:00:00Z")
    visit = visits(SMALL, at=store)
    page = visit.greet(kelly)
    name = name.replace("\u200f", "")  # it would turn what follows around
    expect(page.locator("#brand")).to_have_text(name)
    assert "\u200f" not in page.locator("body").inner_text()
    visit.check()
    page.get_by_role("button", name="Redeem").click()
    expect(visit.dialog).to_contain_text(name)
    visit.check()
    visit.shoot("long-name", whole=True)


def test_a_store_written_from_right_to_left_turns_nothing(
    visits: Callable[..., Visit], make_store: Callable[..., Store]
) -> None:
    store = make_store()
    store.update(name="חנות 7")
    kelly = store.resident()
    store.grant(kelly)
    visit = visits(at=store)
    page = visit.greet(kelly)
    name = "\u2068חנות 7\u2069"  # stands apart from the words around it
    expect(page.locator("#brand")).to_have_text("חנות 7")
    expect(page.locator("#lead")).to_contain_text(name)
    assert name in page.title()
    page.get_by_role("button", name="Redeem").click()
    expect(visit.dialog).to_contain_text(name)
    visit.check()


def test_what_the_policy_forbids(visit: Visit, kelly: Resident) -> None:
    page = visit.greet(kelly)
    script = "document.body.append(Object.assign(document.createElement('script'), {text: ''}))"
    with pytest.raises(Exception, match="TrustedScript"):
        page.evaluate(script)
    failed = page.evaluate("fetch('https://evil.example/').then(() => false, () => true)")
    assert failed
    assert visit.strangers == []
    response = page.request.get(f"{visit.store.server.url}/me")
    assert response.headers["referrer-policy"] == "no-referrer"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy


# Sizes, schemes


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, PHONE, DESK], ids=["small", "phone", "desk"])
def test_it_fits(
    visits: Callable[..., Visit], store: Store, kelly: Resident, size: tuple[int, int], scheme: str
) -> None:
    store.deposit(kelly, 2_000_000_000, expiresAt="2099-06-30T00:00:00Z")
    store.deposit(kelly, 50, restricted=True)
    for number in range(4):
        store.grant(
            kelly,
            credit=2_147_483_647 - number,
            texture=TEXTURE if number else None,
            expiresAt="2099-12-20T12:00:00Z",
        )
    visit = visits(size, color_scheme=scheme)
    page = visit.greet(kelly)
    visit.check()
    visit.shoot(f"{scheme}-{size[0]}", whole=True)
    for name in ("Redeem", "Transfer"):
        page.get_by_role("button", name=name).first.click()
        box = visit.dialog.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1]
        visit.check()
        visit.shoot(f"{scheme}-{size[0]}-{name.lower()}")
        page.keyboard.press("Escape")
    small = """[...document.querySelectorAll('button, summary, input')]
        .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect())
        .filter((r) => r.height < 44 || r.width < 44).length"""
    assert page.evaluate(small) == 0
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", paper)[0]) < 128) == (scheme == "dark")
    visit.check()


def test_nothing_moves_for_those_who_want_rest(
    visits: Callable[..., Visit], store: Store, kelly: Resident
) -> None:
    store.grant(kelly)
    for preference, moving in (("reduce", False), ("no-preference", True)):
        page = visits(reduced_motion=preference).greet(kelly)
        page.get_by_role("button", name="Redeem").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        animated = "getComputedStyle(document.querySelector('dialog')).animationName !== 'none'"
        assert page.evaluate(animated) == moving
