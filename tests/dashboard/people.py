"""People who use the dashboard: a browser that sends forms, without a screen."""

import re
from html import unescape
from typing import Any, Final
from urllib.parse import urlencode

import httpx2

from gridgift.dashboard.page import AnyPage
from gridgift.dashboard.table import PAGES
from gridgift.domain import operators
from gridgift.domain.ids import new_id
from gridgift.domain.model import Store
from tests.api import ApiFixture, operator

PASSWORD: Final = "tray lunar opaque fig"
FORMS: Final = [page for page in PAGES if page.method == "POST"]
OPEN: Final = [  # what a browser shows without knowing an id
    page
    for page in PAGES
    if page.method == "GET" and "{" not in page.path and page.media_type == "text/html"
]
ABOUT_CARDS: Final = [page for page in FORMS if page.path.startswith("/dashboard/cards/{id}/")]
ABOUT_THINGS: Final = [page for page in FORMS if "seen" in page.body.__struct_fields__]
FORM: Final = "application/x-www-form-urlencoded"
BOUNDARY: Final = "----WebKitFormBoundaryX"
UNKNOWN: Final = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"
TYPED: Final = {  # what is typed into fields that a form demands
    "name": "Bo", "password": PASSWORD, "new_password": PASSWORD, "password_again": PASSWORD,
    "seed": "A" * 22, "code": "123456", "recovery_code": "ABCDE-FGHIJ-KLMNO",
    "theme": "dark", "store": UNKNOWN, "role": "clerk",
    "url": "https://shop.example.com/hooks", "overlap": "1d", "time_zone": "UTC",
    "etag": '"0-kelly.moonwall"', "credit": "5", "receiver": "jo.winter",
    "to": "off", "what": "off", "delta": "5", "reason": "rent", "text": "a note",
    "tags": "vip, summer sale", "reference": "A-17", "expires_at": "2031-03-04", "amount": "3",
}  # fmt: skip


def name_of(page: AnyPage) -> str:
    """Name a row of the table."""
    return f"{page.method} {page.path}"


def address_of(page: AnyPage) -> str:
    """Fill a row's path in."""
    return re.sub(r"{\w+}", UNKNOWN, page.path)


def fields_of(page: AnyPage) -> dict[str, str]:
    """Fill a form in, as its struct demands."""
    return {name: TYPED[name] for name in page.body.__struct_fields__ if name in TYPED}


def etag_on(browser: "Browser", path: str) -> str:
    """Open a form about a card, and return the ETag that it carries."""
    found = re.search(r'name="etag" value="([^"]+)"', browser.get(path).text)
    assert found is not None, path
    return unescape(found[1])


def seen_on(text: str, thing: str) -> str:
    """Return what the forms of a page carry of a thing that it shows; "": there are none."""
    form = rf'<form method="post" action="/dashboard/[^"]*{thing}[/"].*?'
    found = re.search(form + r'name="seen" value="([^"]+)"', text, re.DOTALL)
    return unescape(found[1]) if found else ""


def fields_on(text: str) -> dict[str, str]:
    """Return what the forms of a page have, of boxes and choices what is ticked."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", text):
        name, value = (re.search(rf' {each}="([^"]*)"', tag) for each in ("name", "value"))
        unticked = re.search('type="(checkbox|radio)"', tag) and " checked" not in tag
        if name and value and not unticked and name[1] != "form_token":
            found[name[1]] = unescape(value[1])
    return found


def post_about(
    browser: "Browser", card: str, action: str, fields: dict[str, Any]
) -> httpx2.Response:
    """Open a card's page, and send one of its forms."""
    page = f"/dashboard/cards/{card}"
    return browser.post(f"{page}/{action}", fields | {"etag": etag_on(browser, page)})


class Browser:
    """A browser: it keeps cookies, and tells where a form comes from, as Chromium does."""

    def __init__(self, api: ApiFixture) -> None:
        self.api = api
        self.cookies: dict[str, str] = {}
        self.token = ""

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """Open a page; its token is that of the next form."""
        return self._send("GET", path, _named(headers), None)

    def post(
        self,
        path: str,
        fields: dict[str, Any] | None = None,
        token: str | None = None,
        **headers: str,
    ) -> httpx2.Response:
        """Send a form with the last page's token, or with another one ("": none)."""
        sent = self.token if token is None else token
        pairs = [*(fields or {}).items(), *([("form_token", sent)] if sent else [])]
        usual = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"}
        form = urlencode(pairs, doseq=True).encode()
        return self._send("POST", path, usual | _named(headers), form)

    def press(
        self, path: str, fields: dict[str, Any] | None = None, **headers: str
    ) -> httpx2.Response:
        """Send a form about a unit, a webhook, a key, … from the page that shows it."""
        kind, *rest = path.split("/")[2:]
        page = f"/dashboard/{kind}" + (f"/{rest[0]}" if kind in {"units", "webhooks"} else "")
        seen = seen_on(self.get(page).text, (rest or [kind])[0])
        return self.post(path, {"seen": seen, **(fields or {})}, **headers)

    def upload(
        self, path: str, fields: dict[str, str], name: str, content: bytes
    ) -> httpx2.Response:
        """Send a form with a file in the field ``file``, as browsers do; "" is no file."""
        line = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=".encode()
        parts = [
            line + f'"{field}"\r\n\r\n{text}\r\n'.encode()
            for field, text in {"form_token": self.token, **fields}.items()
        ]
        head = f'"file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'.encode()
        body = b"".join([*parts, line, head, content, f"\r\n--{BOUNDARY}--\r\n".encode()])
        media_type = f"multipart/form-data; boundary={BOUNDARY}"
        headers = {"Content-Type": media_type, "Sec-Fetch-Site": "same-origin"}
        return self._send("POST", path, headers, body)

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx2.Response:
        """Sign in with a password."""
        self.get("/dashboard/sign-in")
        return self.post("/dashboard/sign-in", {"name": name, "password": password})

    def use_link(self, token: str) -> httpx2.Response:
        """Sign in with a link."""
        self.get(f"/dashboard/link/{token}")
        return self.post(f"/dashboard/link/{token}")

    def is_signed_in(self) -> bool:
        """Tell whether the dashboard opens."""
        return self.get("/dashboard").status_code == 200

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> httpx2.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if cookie:
            headers = {**headers, "Cookie": cookie}
        self.api.client.cookies.clear()
        response = self.api.call(method, path, key=None, headers=headers, content=body)
        for line in response.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        found = re.search(r'name="form_token" value="([^"]+)"', response.text)
        if found:
            self.token = unescape(found[1])
        return response


def _named(headers: dict[str, str]) -> dict[str, str]:
    """Return headers by their names, which are written here as Python has them."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


class People:
    """Makes operators of the store, and browsers for them."""

    def __init__(self, api: ApiFixture) -> None:
        self.api = api

    def browser(self) -> Browser:
        """Return a browser that nobody has signed in with."""
        return Browser(self.api)

    def add(self, name: str, role: str = "owner", store: Store | None = None) -> str:
        """Let somebody work at the store; return their id."""
        store_id = (store or self.api.store).id
        member = self.api.write(operators.add, operator(store_id), name, role, new_id())
        member_id: str = member.id
        return member_id

    def link(self, name: str) -> str:
        """Return the token of a link for somebody."""
        token = f"{name.replace(' ', '-')}-{new_id()}"
        self.api.write(operators.link, name, token)
        return token

    def signed_in(self, name: str, role: str = "owner") -> Browser:
        """Add somebody, and return the browser in which they signed in by a link."""
        self.add(name, role)
        browser = self.browser()
        assert browser.use_link(self.link(name)).status_code == 303
        return browser

    def with_password(self, name: str, role: str = "owner") -> Browser:
        """The same for somebody who has chosen a password."""
        browser = self.signed_in(name, role)
        browser.get("/dashboard/account/password")
        form = {"new_password": PASSWORD, "password_again": PASSWORD}
        assert browser.post("/dashboard/account/password", form).status_code == 303
        return browser
