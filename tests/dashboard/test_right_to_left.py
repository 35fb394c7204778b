"""Names written from right to left: no page lets them turn the words around them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote

import httpx2
import pytest

from gridgift.dashboard.forms import decode_fields
from gridgift.dashboard.pages.saved_views import View
from gridgift.dashboard.table import PAGES
from gridgift.domain import stores, texts
from gridgift.domain.instants import DAY, format_instant
from gridgift.domain.stores import StoreChanges
from gridgift.domain.texts import APART, isolated, unmarked
from tests.api import KELLY, START, ApiFixture
from tests.dashboard.people import People, etag_on
from tests.http.checks import one_engine
from tests.http.requests import ext

# What people of a store write, by where; it ends with a digit, which what stands after would join.
STORE, OWNER, CLERK, VIEW, TAG, OTHER_TAG = (f"חנות {n}" for n in range(1, 7))
NOTE, REASON, ORDER, NAME, VALUE, UNIT = (f"הערה {n}" for n in range(7, 13))
KEY, ENDED_KEY, FILE, CONTACT, TYPED, SENT = (f"שם {n}" for n in range(13, 19))
WRITTEN: Final = {
    STORE, OWNER, CLERK, VIEW, TAG, OTHER_TAG, NOTE, REASON, ORDER, NAME, VALUE, UNIT, KEY,
    ENDED_KEY, FILE, CONTACT, TYPED, SENT,
}  # fmt: skip
# Texts of several parts: what Audit wrote down of a file, and a row of it.
RECORDED: Final = {f"2 rows of {FILE}", f"{TYPED}, 5, "}
HEBREW: Final = re.compile("[\u0590-\u05ff]")
IS_APART: Final = re.compile("{0}([^{0}{1}]*){1}".format(*APART))
FIELDS: Final = {"value"}  # attributes that are sent again as they are


class Shown(HTMLParser):
    """What a page shows: its texts and attributes, and beside them what its fields have."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.fields: list[str] = []
        self._tag = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep attributes."""
        self._tag = tag
        for name, value in attrs:
            (self.fields if name in FIELDS else self.texts).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Leave a field."""
        self._tag = ""

    def handle_data(self, data: str) -> None:
        """Keep a text between tags."""
        (self.fields if self._tag == "textarea" else self.texts).append(data)


def checked(page: str) -> Iterator[str]:
    """Check that whatever is from right to left stands apart by itself; yield what does."""
    shown = Shown(page)
    for text in shown.fields:
        assert not set(text) & set(APART), text
    for text in shown.texts:
        outside = IS_APART.sub("", text)
        assert not HEBREW.search(outside) and not set(outside) & set(APART), text
        for each in IS_APART.findall(text):
            parts = [each] if each in RECORDED else each.split(", ")
            assert set(parts) <= WRITTEN | RECORDED, text
            yield from parts


class Writer:
    """An owner who writes from right to left, and keeps every page that answers."""

    def __init__(self, api: ApiFixture, people: People) -> None:
        self.api = api
        self.browser = people.signed_in(OWNER)
        self.pages: list[str] = []
        self.card: str = api.grant(expiresAt=format_instant(START + 20 * DAY))["id"]

    def keep(self, answer: httpx2.Response) -> str:
        """Keep the page that a form leads to, and return its address; "": it has none."""
        where: str = answer.headers.get("location", "").partition("#")[0]
        self.pages.append(self.browser.get(where).text if where else answer.text)
        assert where or answer.text.endswith("</html>"), answer.text
        return where

    def send(self, path: str, **fields: Any) -> str:
        """Send a form."""
        self.browser.get("/dashboard")
        return self.keep(self.browser.post(f"/dashboard/{path}", fields))

    def press(self, path: str, **fields: Any) -> None:
        """Send one that is about something."""
        self.keep(self.browser.press(f"/dashboard/{path}", fields))

    def about_card(self, action: str, etag: str = "", **fields: Any) -> None:
        """Send one that is about the card; with the ETag of a card that is another by now."""
        page = f"/dashboard/cards/{self.card}"
        etag = etag or etag_on(self.browser, page)
        self.keep(self.browser.post(f"{page}/{action}", fields | {"etag": etag}))

    def id_of(self, table: str, name: str, column: str = "name") -> str:
        """Return the id of something that has a name."""
        return str(self.api.sql(f"SELECT id FROM {table} WHERE {column} = '{name}'")[0][0])


def write_everywhere(writer: Writer) -> None:
    """Write from right to left wherever people can."""
    old = etag_on(writer.browser, f"/dashboard/cards/{writer.card}")
    labels = {"tags": [OTHER_TAG], "metadata": {NAME: VALUE}}
    ext(writer.api, writer.card, "actions/label", labels)
    writer.about_card("note", text=NOTE)
    writer.about_card("adjust", delta="5", reason=REASON)
    writer.about_card("labels", tags=f"{TAG}, {OTHER_TAG}", reference=ORDER)
    writer.about_card("labels", tags=TAG, reference=SENT)  # it has another
    writer.about_card("adjust", etag=old, delta="5", reason=TYPED)
    writer.send("views", name=VIEW, query=f"q=%23{quote(TAG)}")
    writer.send("views", name=VIEW, query="q=kelly")  # there is one
    writer.send("keys", name=KEY, scopes="giftcards:write", last_day="2026-10-01")
    writer.send("keys", name=KEY, scopes="giftcards:write")  # there is one
    writer.send("keys", name=ENDED_KEY, scopes="giftcards:read")
    writer.press(f"keys/{writer.id_of('api_keys', ENDED_KEY)}/revoke")
    writer.send("team", name=CLERK, role="clerk")
    for role in ("owner", "clerk"):
        writer.press(f"team/{writer.id_of('operators', CLERK)}/role", role=role)
    writer.press(f"team/{writer.id_of('operators', OWNER)}/role", role="clerk")  # the only one
    writer.press(f"team/{writer.id_of('operators', OWNER)}/link")
    writer.send("units", name=UNIT, kind="delivery", credit="5")
    row = f"username,credit,reason\n{KELLY.username},5,{SENT}\n{TYPED},5,\n".encode()
    writer.browser.get("/dashboard/send")
    sent = writer.keep(writer.browser.upload("/dashboard/send", {}, FILE, row))
    writer.send(sent.removeprefix("/dashboard/"))
    many = writer.send("cards/many", ids=writer.card, what="tag", label=SENT, reason=REASON)
    writer.send(many.removeprefix("/dashboard/"))


def addresses(api: ApiFixture) -> Iterator[str]:
    """Yield the addresses of all pages, about what there is."""
    ids = {
        "/dashboard/cards/{id}": "SELECT id FROM gift_cards",
        "/dashboard/cards/many/{id}": "SELECT id FROM bulk_changes",
        "/dashboard/send/{id}": "SELECT id FROM sendings",
        "/dashboard/units/{id}": "SELECT id FROM units",
        "/dashboard/residents/{uuid}": f"SELECT '{KELLY.uuid}'",
    }
    for page in PAGES:
        if page.method != "GET" or page.media_type != "text/html":
            continue
        known = max((each for each in ids if page.path.startswith(each)), key=len, default="")
        if known:
            for (found,) in api.sql(ids[known]):
                yield page.path.replace(known, known.partition("{")[0] + str(found))
        elif "{" not in page.path:
            yield page.path
    yield f"/dashboard/cards?q={quote(TYPED)}"
    yield f"/dashboard/cards?q=%23{quote(TAG)}&least=x"
    yield f"/dashboard/find?q={quote(TYPED)}"
    yield f"/dashboard/residents?q={quote(TYPED)}"


@one_engine
def test_no_page_is_turned_by_what_people_write(api: ApiFixture, people: People) -> None:
    api.write(stores.update, api.store.id, StoreChanges(name=STORE, contact=CONTACT))
    writer, seen = Writer(api, people), set[str]()
    write_everywhere(writer)
    for page in writer.pages:
        seen |= set(checked(page))
    for address in addresses(api):
        answer = writer.browser.get(address)
        assert answer.status_code in {200, 303, 400}, address
        try:
            seen |= set(checked(answer.text))
        except AssertionError as error:
            raise AssertionError(address) from error
    found = writer.browser.get(f"/dashboard/find?q={quote(TYPED)}", HX_Request="true")
    seen |= set(checked(found.text))
    assert seen >= WRITTEN - {CONTACT}, "the walk must show each; a contact stands in its field"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kelly.moonwall", "kelly.moonwall"),
        ("Käthe 東京 1", "Käthe 東京 1"),
        ("שלום 1", "{שלום 1}"),
        ("سلام", "{سلام}"),
        ("shop \u200f!", "{shop \u200f!}"),
        ("given to {שלום} by you", "given to {שלום} by you"),
        ("given to {שלום} by שלום", "{given to {שלום} by שלום}"),
    ],
)
def test_only_what_turns_others_is_set_apart(text: str, shown: str) -> None:
    text, shown = (each.replace("{", APART[0]).replace("}", APART[1]) for each in (text, shown))
    assert isolated(text) == shown
    assert set(unmarked(shown)).isdisjoint(APART)


def test_what_is_copied_from_a_page_is_what_was_written() -> None:
    copied = isolated(VIEW)
    assert copied != VIEW
    assert decode_fields([("name", f" {copied} ")], View) == View(VIEW)
    assert not texts.is_printable(copied), "marks are nobody's own"


@one_engine
def test_the_servers_page_names_the_store_so_too(api: ApiFixture) -> None:
    api.write(stores.update, api.store.id, StoreChanges(name=STORE))
    assert STORE in set(checked(api.call("GET", "/", key=None).text))
