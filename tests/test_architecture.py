"""docs/architecture.md is true: its places are there, and import what it says, and no circle."""

import re
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

from tests.test_tidy import FILES, imported, place

ROOT: Final = Path(__file__).parents[1]
PLACES: Final = {place(file) for file in FILES}
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES: Final = (
    "http/edge", "http/api", "http/reference", "dashboard", "domain", "cli", "storage", "messages",
    "inworld",
)  # fmt: skip
OF_THE_STORAGE: Final = (  # what others than the drivers may see
    "storage/database.py", "storage/letters.py", "storage/listing.py", "storage/queries.py",
)  # fmt: skip
EMPTY: Final = {"__init__.py", "__main__.py", "http/__init__.py"}


def unit_of(path: str) -> str:
    """Return the place of the page's table that a file belongs to."""
    if path in OF_THE_STORAGE:
        return path
    inside = [package for package in PACKAGES if path.startswith(f"{package}/")]
    return f"{inside[0]}/" if inside else path


def path_of(module: str) -> str:
    """Return the file of a module, from the package's folder."""
    name = module.removeprefix("gridgift.").replace(".", "/")
    return f"{name}.py" if f"{name}.py" in PLACES else f"{name}/__init__.py"


UNITS: Final = sorted({unit_of(path) for path in PLACES} - EMPTY)


@cache
def imports() -> dict[str, set[str]]:
    """Return what each place imports of the others."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in FILES:
        unit = unit_of(place(file))
        found[unit] |= {
            unit_of(path_of(name)) for name in imported(file) if name.startswith("gridgift.")
        } - {unit}
    return {unit: found[unit] - EMPTY for unit in UNITS}


def table() -> dict[str, set[str]]:
    """Read the page's table of places: what each may import."""
    section = PAGE.partition("## What stands where")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \|[^|]*\|([^|]*)\|$", section, re.MULTILINE)
    return {name: set(re.findall(r"`([^`]+)`", cell)) for name, cell in rows}


def test_every_place_is_on_the_page_and_no_other() -> None:
    assert table().keys() == imports().keys()


@pytest.mark.parametrize("unit", UNITS)  # every worker collects all; imports() takes a second
def test_a_place_imports_what_the_page_says(unit: str) -> None:
    if unit != "app.py":  # it sees everything
        assert imports()[unit] == table()[unit]


def test_no_module_imports_itself_by_others() -> None:
    graph = {
        place(file): {path_of(name) for name in imported(file) if name.startswith("gridgift.")}
        for file in FILES
    }
    graph = {path: found - {path} for path, found in graph.items()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(FILES)


def test_files_that_the_page_names_are_there() -> None:
    for name in re.findall(r"`((?:tests|docs|src|http|cli|storage|domain)/[\w/.-]*)`", PAGE):
        known = [ROOT / name, ROOT / "src" / "gridgift" / name]
        assert any(path.exists() for path in known), name
