"""Fixtures of the browser tests."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from gridgift.domain.model import Resident
from tests.browser.visit import CHROMIUM, PATIENCE, PHONE, Store, Visit, apart
from tests.serving import Server

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def browser(sqlite_template: Path) -> Iterator[Browser]:
    """The system's Chromium, for this package: while it runs, its thread has an event loop.

    That is why the template, which needs one of its own, is made before.
    """
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def make_store(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Store]]:
    """Start servers with settings of the test's choice."""
    with ExitStack() as stack:

        def make(**environ: str) -> Store:
            path = tmp_path_factory.mktemp("browser") / "gridgift.db"
            shutil.copy(sqlite_template, path)
            started = Server.started(f"sqlite:///{path}", (), environ)
            return Store(apart(stack.enter_context, started))

        yield make


@pytest.fixture(scope="package")
def store(make_store: Callable[..., Store]) -> Store:
    """One server for all tests that change nothing about the store; each has its resident."""
    return make_store()


@pytest.fixture
def kelly(store: Store) -> Resident:
    """A resident of this test's own."""
    return store.resident()


@pytest.fixture
def jo(store: Store) -> Resident:
    """Another one."""
    return store.resident()


@pytest.fixture
def visits(browser: Browser, store: Store) -> Iterator[Callable[..., Visit]]:
    """Make visits with a size and options of the test's choice."""
    with ExitStack() as stack:

        def make(size: tuple[int, int] = PHONE, at: Store = store, **options: Any) -> Visit:
            visit = Visit(browser, at, size, **options)
            stack.callback(visit.context.close)
            return visit

        yield make


@pytest.fixture
def visit(visits: Callable[..., Visit]) -> Visit:
    """A visit on a phone."""
    return visits()
