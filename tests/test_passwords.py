"""A password in an address reaches no log and no output, in no form."""

import asyncio
import base64
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.settings import Settings, SettingsError, mask_url
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable
from gridgift.storage.postgres import PostgresDatabase
from tests.serving import Server, free_port

SECRET: Final = "SESAME"
PASSWORD: Final = f"{SECRET}/@:{SECRET}"
BASIC: Final = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
FORMS: Final = (
    "postgresql://me:{}@127.0.0.1:1/shop",
    "postgresql://me:{}@127.0.0.1:1,127.0.0.1:1/shop?connect_timeout=1",
    "postgresql://127.0.0.1:1/shop?user=me&password={}",
    "postgresql://127.0.0.1:1/shop?user=me&%70assword={}&sslmode=disable",
    "postgresql://127.0.0.1:1/shop?sslpassword={}&connect_timeout=1",
)
# Pieces of passwords as people paste them: what has a meaning in an address, and what has none.
PIECES: Final = st.lists(st.sampled_from("@/?#:%[],=& é\\'\"1"), max_size=4).map("".join)


def what_is_said(url: str) -> str:
    """Return all that a command could tell of an address: its trace and what is shown of it."""
    try:
        address = Settings.from_environ({"GRIDGIFT_DATABASE_URL": url}).database_url
        asyncio.run(PostgresDatabase(address, 1).applied_migrations())
    except (SettingsError, DatabaseRefused, DatabaseUnavailable) as error:
        return "".join(traceback.format_exception(error)) + mask_url(url)
    raise AssertionError("there is no such database")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoded", [False, True])
@settings(max_examples=40)
@given(before=PIECES, between=PIECES, after=PIECES)
def test_whatever_is_in_a_password_is_repeated_nowhere(
    form: str, encoded: bool, before: str, between: str, after: str
) -> None:
    password = f"{before}{SECRET}{between}{SECRET}{after}"
    if not encoded and "assword=" in form:
        password = password.replace("&", "")  # which begins another parameter
    said = what_is_said(form.format(quote(password, safe="") if encoded else password))
    assert SECRET not in said


@contextmanager
def refusing_resolver(authorizations: list[str]) -> Iterator[int]:
    """A resolver that fails with each request; yield its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            authorizations.append(self.headers["authorization"])
            self.send_response(500)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("answers", [True, False])
def test_a_servers_log_has_no_password(database_url: str, answers: bool) -> None:
    encoded, authorizations = quote(PASSWORD, safe=""), list[str]()
    with refusing_resolver(authorizations) as port:
        at = port if answers else free_port()
        environ = {
            "GRIDGIFT_RESOLVER_URL": f"http://me:{encoded}@127.0.0.1:{at}/id",
            "GRIDGIFT_REDIS_URL": f"redis://me:{encoded}@127.0.0.1:{free_port()}/0",
            "GRIDGIFT_RATE_LIMIT": "1000",
        }
        with Server.started(database_url, environ=environ) as server, server.client() as client:
            path = "/v1/customers/nobody.known/actions/grant-gift-card"
            assert client.post(path, json={"credit": 1}).status_code == 404
            server.wait_for_log("directory failed")
            server.wait_for_log("redis is away")
            said = server.log()
    assert authorizations == ([f"Basic {BASIC}"] if answers else [])
    for form in (SECRET, encoded, BASIC):
        assert form not in said
