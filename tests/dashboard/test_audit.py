"""What the people of a store did is recorded with it, and shown to owners."""

import re
from html import unescape
from typing import Any, get_args

from gridgift.dashboard.pages import audit
from gridgift.dashboard.table import PAGES
from gridgift.domain import actions, operators, second_factor
from gridgift.domain.actions import Action, Deed
from gridgift.domain.instants import DAY
from gridgift.domain.paging import Position
from gridgift.domain.stores import StoreChanges, update
from tests.api import JO, KELLY, ApiFixture, operator
from tests.dashboard.people import (
    ABOUT_THINGS,
    PASSWORD,
    Browser,
    People,
    etag_on,
    name_of,
    post_about,
)
from tests.dashboard.test_webhooks import URL, posted
from tests.http.checks import one_engine
from tests.http.requests import at, ext, make_unit, owe
from tests.second_factors import SEED, shown, somebody

AUDIT = "/dashboard/audit"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
SILENT = {
    "POST /dashboard/account/theme", "POST /dashboard/store",  # only what a browser shows
    "POST /dashboard/said/dismiss",  # the same
    "POST /dashboard/views", "POST /dashboard/views/{id}", "POST /dashboard/views/{id}/remove",
    "POST /dashboard/send", "POST /dashboard/send/{id}/look-up",  # only a check
    "POST /dashboard/cards/many", "POST /dashboard/cards/many/{id}/opposite",  # the same
}  # fmt: skip
SENT: list[str] = []


def done(api: ApiFixture) -> list[Action]:
    """Return what was recorded, oldest first."""
    found: list[Action] = list(api.read(actions.list_of, api.store.id, Position(), 1000).rows)
    return found[::-1]


def deeds(api: ApiFixture) -> list[str]:
    """Return what was done, in order."""
    return [action.deed for action in done(api)]


def newest_id(api: ApiFixture, table: str) -> str:
    """Return the id of the only row, or of the newest."""
    return str(api.sql(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 1")[0][0])


def hold_on(api: ApiFixture, card: str) -> str:
    """Place a hold on a card, whose page is given; return its id."""
    wanted = {"amount": 5, "expiresIn": 600}
    return str(ext(api, card.rpartition("/")[2], "holds", wanted).json()["id"])


def send(browser: Browser, path: str, fields: dict[str, Any] | None = None) -> str:
    """Send a form from its page, and have it accepted; return the page that answers."""
    browser.get("/dashboard/account")
    SENT.append(path)
    is_seen = any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", each.path), path) for each in ABOUT_THINGS)
    answer = (browser.press if is_seen else browser.post)(path, fields, User_Agent=AGENT)
    assert answer.status_code in {200, 303}, answer.text
    return answer.text


def use_a_second_factor(api: ApiFixture, people: People, aria: Browser) -> None:
    """Set it up, sign in with it, and end it both ways."""
    her_id, page = api.read(operators.find, "Aria").id, "/dashboard/account/second-factor"
    form = {"seed": SEED, "code": shown(her_id, api.clock.now())}
    send(aria, page, form)
    codes = re.findall(
        r"[A-Z2-7]{5}(?:-[A-Z2-7]{5}){2}", send(aria, f"{page}/codes", {"password": PASSWORD})
    )
    other = people.browser()
    other.sign_in("Aria")
    other.get("/dashboard/sign-in/code")
    SENT.append("/dashboard/sign-in/code")
    assert other.post("/dashboard/sign-in/code", {"recovery_code": codes[0]}).status_code == 303
    send(aria, f"{page}/off", {"password": PASSWORD})
    send(aria, page, form)
    api.write(
        second_factor.link_without, operator(api.store.id), somebody(api.store.id), "Aria", "link"
    )


def test_every_form_is_recorded(api: ApiFixture, people: People) -> None:
    SENT.clear()
    aria = people.with_password("Aria")
    send(aria, "/dashboard/sign-out")
    SENT.append("/dashboard/sign-in")
    aria.sign_in("Aria")
    other = people.browser()
    other.use_link(people.link("Aria"))
    SENT.append("/dashboard/link/x")
    ((session,),) = api.sql("SELECT id FROM operator_sessions WHERE by_link")
    send(aria, f"/dashboard/account/sessions/{session}/end")
    send(aria, "/dashboard/account/sessions/end")
    use_a_second_factor(api, people, aria)
    new = dict.fromkeys(("new_password", "password_again"), f"{PASSWORD}!")
    send(aria, "/dashboard/account/password", new | {"password": PASSWORD})
    send(aria, "/dashboard/keys", {"name": "web shop", "scopes": "store:read"})
    key = newest_id(api, "api_keys")
    send(aria, f"/dashboard/keys/{key}/rotate", {"overlap": "1d"})
    send(aria, f"/dashboard/keys/{key}/revoke")
    send(aria, "/dashboard/webhooks", {"url": URL})
    webhook = f"/dashboard/webhooks/{newest_id(api, 'webhooks')}"
    send(aria, f"{webhook}/change", {"url": f"{URL}/2"})
    send(aria, f"{webhook}/test")
    delivery = posted(api, webhook.rpartition("/")[2], "failed")
    send(aria, f"{webhook}/deliveries/{delivery}/again")
    send(aria, f"{webhook}/rotate")
    send(aria, f"{webhook}/switch", {"to": "off"})
    send(aria, f"{webhook}/switch", {"to": "on"})
    send(aria, f"{webhook}/delete")
    send(aria, "/dashboard/units", {"name": "Welcome"})
    unit = f"/dashboard/units/{newest_id(api, 'units')}"
    send(aria, f"{unit}/change", {"name": "Hunt"})
    send(aria, f"{unit}/switch", {"to": "off"})
    send(aria, f"{unit}/switch", {"to": "on"})
    for action in ("code", "round", "revoke"):
        send(aria, f"{unit}/{action}")
    send(aria, f"{unit}/refunds/{owe(api, newest_id(api, 'units'))}/paid")
    send(aria, "/dashboard/team", {"name": "Bo", "role": "clerk"})
    bo = f"/dashboard/team/{api.read(operators.find, 'Bo').id}"
    send(aria, f"{bo}/link")
    send(aria, f"{bo}/role", {"role": "owner"})
    send(aria, f"{bo}/role", {"role": "clerk"})
    send(aria, f"{bo}/sign-out")
    send(aria, f"{bo}/dismiss")
    send(aria, "/dashboard/settings", {"name": "Moon", "time_zone": "UTC"})
    card = f"/dashboard/cards/{api.grant(expiresAt=at(api, 86_400))['id']}"
    api.grant(JO.username)
    for action, fields in (
        ("switch", {"to": "off"}),
        ("switch", {"to": "on"}),
        ("adjust", {"delta": "5", "reason": "gift"}),
        ("note", {"text": "a note"}),
        ("labels", {"tags": "old", "reference": "A-17"}),
        ("extend", {"expires_at": "2031-03-04"}),
        *((f"holds/{hold_on(api, card)}/{name}", {"amount": "3"}) for name in ("release", "take")),
    ):
        send(aria, f"{card}/{action}", fields | {"etag": etag_on(aria, card)})
    ids = [card.rpartition("/")[2]]
    aria.get("/dashboard/account")
    aria.post("/dashboard/cards/many", {"ids": ids, "what": "tag", "label": "vip"})
    for _ in range(2):  # the second time it is begun already
        send(aria, f"/dashboard/cards/many/{newest_id(api, 'bulk_changes')}")
    assert deeds(api).count("cards_changed") == 1
    api.sql("UPDATE bulk_changes SET done_at = NULL")
    send(aria, f"/dashboard/cards/many/{newest_id(api, 'bulk_changes')}/stop")
    send(aria, f"/dashboard/residents/{JO.uuid}/link")
    aria.get("/dashboard/send")
    aria.post("/dashboard/send", {"to": "kelly", "credit": "5"})
    for _ in range(2):  # the second time it is sent already
        send(aria, f"/dashboard/send/{newest_id(api, 'sendings')}")
    assert deeds(api).count("cards_sent") == 1
    edited = {"credit": "9", "transfer": "true", "active": "true"}
    send(aria, f"{card}/edit", edited | {"etag": etag_on(aria, f"{card}/edit")})
    to_jo = {"etag": etag_on(aria, f"{card}/pass-on"), "receiver": JO.username}
    send(aria, f"{card}/pass-on", to_jo)
    send(aria, f"{card}/replace", {"etag": etag_on(aria, f"{card}/replace"), "reason": "lost"})
    assert set(deeds(api)) == {*get_args(Deed)} - {"shell"}
    assert {action.operator for action in done(api)} == {"Aria"}
    agents = [action.browser for action in done(api) if action.deed == "card_noted"]
    assert agents == [AGENT]
    rows = [page for page in PAGES if page.method == "POST"]
    unsent = [
        name_of(page)
        for page in rows
        if not any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", page.path), path) for path in SENT)
    ]
    assert set(unsent) == SILENT
    shown = unescape(aria.get(AUDIT).text)
    for sentence in (
        "put a new key in the place of “web shop”", "had events posted to shop.example.com",
        "made Bo an owner", "changed the settings: name, time zone", "switched a card off",
        "let a card end later", "released a reserved part of a card",
        "changed several cards at once: 1 card to be given a tag", "Firefox on Linux",
        "set up a second factor", "made new recovery codes, with the password",
        "signed in with a recovery code", "switched the second factor off, with the password",
        "took the second factor of Aria off",
    ):  # fmt: skip
        assert sentence in shown, sentence
    assert "{}" not in shown


def test_what_changed_nothing_or_failed_is_not_recorded(api: ApiFixture, aria: Browser) -> None:
    store = api.store
    aria.get("/dashboard/settings")
    before = len(done(api))
    same = {"name": store.name, "time_zone": store.time_zone}
    assert aria.press("/dashboard/settings", same).status_code == 303
    assert aria.press("/dashboard/settings", same | {"name": "a\u202eb"}).status_code == 400
    assert aria.post("/dashboard/keys", {"name": "all scopes"}).status_code == 400
    card = api.grant()["id"]
    post_about(aria, card, "switch", {"to": "on"})
    aria.post("/dashboard/account/sessions/x/end")
    assert len(done(api)) == before


def test_an_action_and_its_record_stand_or_fall_together(api: ApiFixture, aria: Browser) -> None:
    """What can't be recorded is not done: the record's table refuses it here."""
    aria.get("/dashboard/settings")
    api.sql("ALTER TABLE operator_actions RENAME TO hidden")
    refused = aria.press("/dashboard/settings", {"name": "Sun", "time_zone": "UTC"})
    assert refused.status_code == 503
    assert api.sql("SELECT name FROM stores") == [(api.store.name,)]
    api.sql("ALTER TABLE hidden RENAME TO operator_actions")


def test_a_sign_in_is_told_at_every_store_it_opens(api: ApiFixture, people: People) -> None:
    other = api.add_store("Elsewhere", JO)
    people.add("Aria", "owner")
    people.add("Aria", "clerk", other)
    people.browser().use_link(people.link("Aria"))
    told = [api.read(actions.list_of, store.id, Position(), 9).rows for store in (api.store, other)]
    assert [[action.deed for action in rows] for rows in told] == [["signed_in_by_link"]] * 2


@one_engine
def test_another_stores_records_are_not_shown(api: ApiFixture, people: People) -> None:
    other = api.add_store("Elsewhere", JO)
    people.add("Zoe", "owner", other)
    zoe = people.browser()
    zoe.use_link(people.link("Zoe"))
    assert "signed in by a link" in zoe.get(AUDIT).text
    aria = people.signed_in("Aria")
    assert "Zoe" not in aria.get(AUDIT).text


@one_engine
def test_pages_lead_on_and_back(api: ApiFixture, aria: Browser) -> None:
    for number in range(audit.ROWS + 5):
        changes = StoreChanges(name=f"Store {number}")
        who = actions.Who(api.store.id, f"019aad3c-0000-7000-8000-{number:012}", "Aria", "", "")
        record = actions.noting(
            who, "settings_changed", lambda store: actions.About(text=store.name), update
        )
        api.write(record, api.store.id, changes)
    first = aria.get(AUDIT).text
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older is not None
    second = aria.get(unescape(older[1])).text
    found = re.findall(r"changed the settings: Store (\d+)", first + second)
    assert found == [str(number) for number in range(audit.ROWS + 5)][::-1]
    newer = re.search(r'href="([^"]+)" rel="prev"', second)
    assert newer is not None
    assert re.findall(r"Store (\d+)<", aria.get(unescape(newer[1])).text) == (
        re.findall(r"Store (\d+)<", first)
    )


@one_engine
def test_lines_lead_to_what_they_are_about(api: ApiFixture, aria: Browser) -> None:
    """Whose page a link was made to stands in no line: that is where it leads."""
    api.grant()
    unit, card = make_unit(api)["id"], api.grant()["id"]
    aria.get("/dashboard")
    assert aria.post(f"/dashboard/residents/{KELLY.uuid}/link").status_code == 200
    assert aria.press(f"/dashboard/units/{unit}/code").status_code == 200
    assert aria.post("/dashboard/webhooks", {"url": URL}).status_code == 200
    webhook = newest_id(api, "webhooks")
    assert post_about(aria, card, "note", {"text": "asked"}).status_code == 303
    found = re.findall(r'<strong>Aria</strong> <a href="([^"]+)">(.*?)</a>', aria.get(AUDIT).text)
    assert {address for address, _ in found} == {
        f"/dashboard/residents/{KELLY.uuid}", f"/dashboard/units/{unit}",
        f"/dashboard/webhooks/{webhook}", f"/dashboard/cards/{card}",
    }  # fmt: skip
    for address, _ in found:
        assert aria.get(address).status_code == 200
    assert aria.press(f"/dashboard/webhooks/{webhook}/delete").status_code == 303
    assert "deleted the webhook to shop.example.com</a>" not in aria.get(AUDIT).text


def test_records_are_kept_for_a_year(api: ApiFixture, aria: Browser) -> None:
    assert len(done(api)) == 1
    api.clock.advance(365 * DAY // 1000)
    assert api.write(actions.forget, 100) == 0
    api.clock.advance(1)
    assert api.write(actions.forget, 100) == 1
    assert done(api) == []


@one_engine
def test_what_a_newer_program_recorded_is_shown_by_its_name(api: ApiFixture, aria: Browser) -> None:
    """Two versions serve one database for a while, and the older one knows fewer deeds."""
    api.sql("UPDATE operator_actions SET deed = 'moon_landed'")
    page = aria.get(AUDIT)
    assert page.status_code == 200 and "moon_landed" in page.text


@one_engine
def test_a_command_in_a_shell_is_told_in_words(api: ApiFixture, aria: Browser) -> None:
    api.sql("UPDATE operator_actions SET deed = 'shell', about = 'key revoke', operator = 'root'")
    page = re.sub(r"<[^>]+>|\s+", " ", aria.get(AUDIT).text)
    assert "root revoked a key In a shell on the server" in re.sub(" +", " ", page)
    api.sql("UPDATE operator_actions SET about = 'moon land'")
    assert "ran gridgift moon land" in aria.get(AUDIT).text
