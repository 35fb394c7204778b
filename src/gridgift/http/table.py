"""The table of all endpoints: the rows of every module of ``api``, and of the reference.

It drives routing, guards, decoding, the OpenAPI document and the reference. Each module of ``api``
has ``ROUTES`` and is found by itself.
"""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from gridgift.http import api
from gridgift.http.edge.endpoint import Endpoint
from gridgift.http.edge.route import AnyRoute
from gridgift.http.edge.services import Services
from gridgift.http.reference import pages


def _rows() -> Iterable[AnyRoute]:
    for module in sorted(found.name for found in iter_modules(api.__path__)):
        yield from import_module(f"{api.__name__}.{module}").ROUTES


ROUTES: Final = (*_rows(), *pages.ROUTES)


def endpoints(services: Services, table: Iterable[AnyRoute] = ROUTES) -> dict[str, Endpoint]:
    """Make one endpoint per path, which knows the path's methods.

    Raises ``ValueError`` for a method that is at one path twice.
    """
    paths: dict[str, dict[str, AnyRoute]] = {}
    for route in table:
        methods = paths.setdefault(route.path, {})
        if route.method in methods:
            raise ValueError(f"{route.method} {route.path} is there twice")
        methods[route.method] = route
    kinds = dict.fromkeys(pages.FOR_PEOPLE, pages.PageForPeople)
    return {
        path: kinds.get(path, Endpoint)(services, path, routes) for path, routes in paths.items()
    }
