"""From paths to endpoints."""

from typing import cast

import pytest
from starlette.types import ASGIApp

from gridgift.http.edge.dispatch import Paths

TEMPLATES = (
    "/",
    "/docs",
    "/v1/cards/{id}",
    "/v1/cards/{id}/actions/disable",
    "/v1/cards/bulk",
    "/v1/cards/{card}/holds/{hold}",
)


@pytest.fixture
def paths() -> Paths:
    """Paths whose endpoints are their templates."""
    return Paths({template: cast("ASGIApp", template) for template in TEMPLATES})


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/", "/", {}),
        ("/docs", "/docs", {}),
        ("/v1/cards/1", "/v1/cards/{id}", {"id": "1"}),
        ("/v1/cards/{}", "/v1/cards/{id}", {"id": "{}"}),
        ("/v1/cards/bulk", "/v1/cards/bulk", {}),
        ("/v1/cards/a b/actions/disable", "/v1/cards/{id}/actions/disable", {"id": "a b"}),
        ("/v1/cards/1/holds/2", "/v1/cards/{card}/holds/{hold}", {"card": "1", "hold": "2"}),
    ],
)
def test_found(paths: Paths, path: str, template: str, values: dict[str, str]) -> None:
    assert paths.find(path) == (template, values)


@pytest.mark.parametrize(
    "path",
    [
        "", "*", "docs", "//", "/docs/", "/docs//", "/Docs", "/v1", "/v1/cards", "/v1/cards/",
        "/v1/cards//", "/v1/cards/1/", "/v1/cards//actions/disable", "/v1/cards/1/actions",
        "/v1/cards/1/holds/", "/v1/cards/1/holds/2/3", "/v1/{}/1", "/{}", "/v1/cards/1/{}",
    ],
)  # fmt: skip
def test_not_found(paths: Paths, path: str) -> None:
    assert paths.find(path) is None


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_slash_too_many_anywhere_is_seen(paths: Paths, template: str) -> None:
    path = template.format(id="1", card="1", hold="2", unit="3")
    assert paths.meant(path) is None
    for place, sign in enumerate(path):
        if sign == "/" and path != "/":
            assert paths.meant(f"{path[:place]}/{path[place:]}") == template
    assert paths.meant(f"{path}/") == template
    assert paths.meant(f"{path}/x/y/z/") is None
