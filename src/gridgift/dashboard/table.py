"""The table of all pages: the rows of every module of ``pages``, which is found by itself."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gridgift.dashboard import pages as package
from gridgift.dashboard.endpoint import MissingPage, PageEndpoint
from gridgift.dashboard.page import AnyPage
from gridgift.http.edge.services import Services

HOME: Final = "/dashboard"


def _rows() -> Iterable[AnyPage]:
    for module in sorted(found.name for found in iter_modules(package.__path__)):
        yield from import_module(f"{package.__name__}.{module}").PAGES


PAGES: Final = tuple(_rows())


def pages(services: Services) -> dict[str, PageEndpoint]:
    """Make one endpoint for each path of the dashboard.

    Raises ``ValueError`` for a method that is at one path twice.
    """
    paths: dict[str, dict[str, AnyPage]] = {}
    for page in PAGES:
        methods = paths.setdefault(page.path, {})
        if page.method in methods:
            raise ValueError(f"{page.method} {page.path} is there twice")
        methods[page.method] = page
    return {path: PageEndpoint(services, path, {**methods}) for path, methods in paths.items()}


def missing_pages(services: Services, otherwise: ASGIApp) -> ASGIApp:
    """Return what answers at paths that have nothing: below the dashboard's with a page."""
    page = MissingPage(services)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        below = scope["type"] == "http" and scope["path"].startswith(f"{HOME}/")
        await (page if below else otherwise)(scope, receive, send)

    return answer
