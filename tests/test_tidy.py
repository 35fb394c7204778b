"""The house rules, as a ratchet: sizes, layers, who may commit, and what must not be there."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

SOURCE: Final = Path(__file__).parents[1] / "src" / "gridgift"
FILES: Final = sorted(SOURCE.rglob("*.py"))
LONGEST_FUNCTION: Final = 70
LONGEST_FILE: Final = 400
MOST_POSITIONAL: Final = 7  # arguments; more are a value of their own, or named

DRIVERS: Final = {"storage/sqlite_writer.py", "storage/postgres.py"}
DRIVER_MODULES: Final = {
    "gridgift.storage.sqlite", "gridgift.storage.postgres", "gridgift.storage.listener",
}  # fmt: skip
# The libraries that speak to an engine, and the files that may import them.
ENGINE_LIBRARIES: Final = {"sqlite3", "asyncpg"}
SPEAKS_TO_AN_ENGINE: Final = re.compile(r"storage/((sqlite|postgres)\w*|listener)\.py")
# What the domain may import from elsewhere: nothing that has a clock, dice, a wire or a disk.
DOMAIN_MAY: Final = {
    "base64", "binascii", "bisect", "collections", "collections.abc", "datetime", "functools",
    "hashlib", "hmac", "re", "typing", "uuid", "msgspec", "gridgift.storage.database",
    "gridgift.storage.letters",
    "gridgift.storage.listing",
}  # fmt: skip
ONE_FILE_MAY: Final = {
    "addresses.py": {"ipaddress"},  # reads and compares numbers, and asks nobody
    "ids.py": {"uuid_utils"},  # makes ids; whoever calls it is an edge
    "webhooks.py": {"urllib.parse"},  # takes an address apart
    "saved_views.py": {"urllib.parse"},  # reads a query
    "days.py": {"zoneinfo"},  # the rules of time zones, which are no clock
    "second_factor.py": {"pyotp"},  # computes codes of a secret and a number, and asks nobody
}
SQL: Final = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE"
    r"|BEGIN\s+IMMEDIATE|ROLLBACK|SAVEPOINT)\b",
    re.DOTALL,
)

Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def place(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imported(file: Path) -> frozenset[str]:
    """Return the modules that a file imports, anywhere in it."""
    return frozenset(imports(file))


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(file)} has a relative import"
            assert node.module is not None
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if is_module(name) else node.module


def is_module(name: str) -> bool:
    path = SOURCE.parent / name.replace(".", "/")
    return path.with_suffix(".py").exists() or path.is_dir()


def definitions(root: ast.AST) -> Iterator[Defined]:
    for node in ast.walk(root):
        if isinstance(node, Defined):
            yield node


def docstrings(root: ast.AST) -> set[int]:
    """Return the ids of the nodes that are docstrings."""
    found = set()
    for node in ast.walk(root):
        if isinstance(node, Defined | ast.Module) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            found.add(id(first.value))
    return found


def strings(file: Path) -> Iterator[str]:
    """Yield the texts in a file's code; docstrings are none."""
    root = tree(file)
    skipped = docstrings(root)
    for node in ast.walk(root):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node.value


def calls(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


Check = Callable[[Path], None]
OF_EVERY_FILE: Final[list[Check]] = []
OF_THE_DOMAIN: Final[list[Check]] = []


def every_file(check: Check) -> Check:
    """Have a check made of each file by ``test_every_file``; it raises ``AssertionError``."""
    OF_EVERY_FILE.append(check)
    return check


def in_the_domain(check: Check) -> Check:
    """Have a check made of each file of the domain by ``test_the_domain``."""
    OF_THE_DOMAIN.append(check)
    return check


@every_file
def sizes(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in definitions(tree(file)):
        if not isinstance(node, ast.ClassDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


@every_file
def arguments_can_be_told_apart(file: Path) -> None:
    for node in definitions(tree(file)):
        if not isinstance(node, ast.ClassDef) and not is_a_command(node):
            assert len(node.args.posonlyargs + node.args.args) <= MOST_POSITIONAL, node.name


def is_a_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether typer calls it: all its arguments are options, or named by annotations."""
    arguments = (*node.args.args, *node.args.kwonlyargs)
    annotations = {ast.unparse(each.annotation) for each in arguments if each.annotation}
    return not annotations.isdisjoint({"DatabaseOptions", "StoreOptions", "KeyedOptions"})


@in_the_domain
def the_domain_knows_no_outside(file: Path) -> None:
    allowed = DOMAIN_MAY | ONE_FILE_MAY.get(file.name, set())
    strangers = {name for name in imported(file) if not name.startswith("gridgift.domain")}
    assert strangers <= allowed


@in_the_domain
def the_domain_takes_time_and_chance_as_arguments(file: Path) -> None:
    forbidden = {"new_id", "id_at", "uuid.uuid4", "uuid.uuid1", "open"}
    forbidden |= {"datetime.now", "datetime.utcnow"}
    assert forbidden.isdisjoint(calls(file))


@in_the_domain
def no_fractions_of_a_linden_dollar(file: Path) -> None:
    for node in ast.walk(tree(file)):
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        assert not divides, ast.unparse(node)
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float | complex)
        if isinstance(node, ast.Name):
            assert node.id not in {"float", "Decimal", "round"}


BESIDE_STORAGE: Final = (
    "gridgift.storage", "gridgift.logs", "gridgift.tasks", "gridgift.whole_files",
)  # fmt: skip


@every_file
def imports_point_one_way(file: Path) -> None:
    where, ours = place(file), {name for name in imported(file) if name.startswith("gridgift.")}
    if where.startswith("storage/"):
        assert all(name.startswith(BESIDE_STORAGE) for name in ours)
    elif where != "app.py":
        storage = {name for name in ours if name.startswith("gridgift.storage")}
        assert storage <= {"gridgift.storage.database"} | may_also_see(where)
    if not where.startswith(("app.py", "cli/", "__main__.py")):
        assert "gridgift.app" not in ours
        assert not any(name.startswith("gridgift.cli") for name in ours)


def may_also_see(where: str) -> set[str]:
    """The domain reads listings; the command line migrates, copies and backs up; no driver."""
    if where.startswith("domain/"):
        return {"gridgift.storage.letters", "gridgift.storage.listing"}
    ours = {f"gridgift.storage.{name}" for name in ("migrate", "copying", "backup", "tables")}
    return ours if where.startswith("cli/") else set()


EDGES: Final = ("http", "cli", "jobs", "counter", "dashboard")


@every_file
def no_edge_imports_another(file: Path) -> None:
    """Nor does anything below an edge import one; the command line starts the server by app.py."""
    own = place(file).split("/")[0].removesuffix(".py")
    if own not in {"app", "__main__"}:
        ours = {name for name in imported(file) if name.startswith("gridgift.")}
        if own == "dashboard":  # pages come through the same pipeline
            ours = {name for name in ours if not name.startswith("gridgift.http.edge")}
        assert not {name.split(".")[1] for name in ours} & (set(EDGES) - {own})


def test_cursors_know_no_http() -> None:
    assert not [name for name in imported(SOURCE / "cursors.py") if "http" in name]


@every_file
def only_the_composition_root_names_a_driver(file: Path) -> None:
    if place(file) != "app.py":
        assert DRIVER_MODULES.isdisjoint(imported(file))


@every_file
def only_the_storages_engines_import_a_driver(file: Path) -> None:
    if not SPEAKS_TO_AN_ENGINE.fullmatch(place(file)):
        assert ENGINE_LIBRARIES.isdisjoint(name.partition(".")[0] for name in imported(file))


def test_only_the_drivers_commit() -> None:
    ends = re.compile(r"\bCOMMIT\b|\bcommit\b")
    committing = {
        place(file)
        for file in FILES
        if any(ends.search(text) for text in strings(file))
        or any(call.endswith((".commit", "_commit", ".transaction")) for call in calls(file))
    }
    assert committing == DRIVERS


@every_file
def sql_stands_in_the_storage(file: Path) -> None:
    if not place(file).startswith("storage/"):
        statements = [text for text in strings(file) if SQL.search(text)]
        assert not statements


@every_file
def nothing_is_left_lying_about(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)
    forbidden = {"breakpoint", "eval", "exec", "pdb.set_trace"}
    if not place(file).startswith("cli/"):
        forbidden |= {"print", "input"}
    assert forbidden.isdisjoint(calls(file))


def undocumented(node: ast.AST, path: str = "") -> Iterator[str]:
    """Yield public names without a docstring; what is inside a function is not public."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Defined) and not child.name.startswith("_"):
            if ast.get_docstring(child) is None and not is_setter(child):
                yield f"{path}{child.name}"
            if isinstance(child, ast.ClassDef):
                yield from undocumented(child, f"{path}{child.name}.")


def is_setter(node: Defined) -> bool:
    return any("overload" in ast.unparse(mark) for mark in node.decorator_list)


@every_file
def everything_public_says_what_it_is(file: Path) -> None:
    root = tree(file)
    assert ast.get_docstring(root) or not root.body
    assert not list(undocumented(root))


def test_migrations_come_in_pairs() -> None:
    folders = [SOURCE / "storage" / "migrations" / engine for engine in ("sqlite", "postgres")]
    small, large = ({file.name for file in folder.glob("*.sql")} for folder in folders)
    assert small == large
    assert small


def test_no_module_is_called_utils() -> None:
    assert not [file for file in FILES if re.search(r"util|helper|misc|common", file.stem)]


@pytest.mark.parametrize("check", OF_EVERY_FILE, ids=lambda check: check.__name__)
def test_every_file(check: Check) -> None:
    assert len(FILES) > 300
    assert not broken(check, FILES)


@pytest.mark.parametrize("check", OF_THE_DOMAIN, ids=lambda check: check.__name__)
def test_the_domain(check: Check) -> None:
    files = sorted((SOURCE / "domain").glob("*.py"))
    assert len(files) > 50
    assert not broken(check, files)


def broken(check: Check, files: list[Path]) -> dict[str, str]:
    """Return which files a check found wrong, and what of them."""
    found = {}
    for file in files:
        try:
            check(file)
        except AssertionError as error:
            found[place(file)] = str(error)
    return found


@pytest.mark.parametrize(
    ("where", "text", "check"),
    [
        ("domain/x.py", "import time", the_domain_knows_no_outside),
        ("domain/x.py", "from os import environ", the_domain_knows_no_outside),
        ("domain/x.py", "from gridgift.http import auth", the_domain_knows_no_outside),
        ("domain/x.py", "half = credit / 2", no_fractions_of_a_linden_dollar),
        ("http/x.py", "from gridgift.storage import sqlite", imports_point_one_way),
        ("storage/x.py", "import sqlite3", only_the_storages_engines_import_a_driver),
        (
            "cli/x.py",
            "from asyncpg.exceptions import DataError",
            only_the_storages_engines_import_a_driver,
        ),
        ("http/x.py", "from gridgift.cli import output", no_edge_imports_another),
        ("cli/x.py", "from gridgift.http.edge import reply", no_edge_imports_another),
        ("dashboard/x.py", "from gridgift.http.api import store", no_edge_imports_another),
        ("x.py", "from gridgift.jobs import Job", no_edge_imports_another),
        ("http/x.py", "q = 'DELETE FROM entries'", sql_stands_in_the_storage),
        ("http/x.py", "print(1)", nothing_is_left_lying_about),
        ("http/x.py", "def f():\n    pass", everything_public_says_what_it_is),
        ("http/x.py", "def f():\n" + "    x()\n" * 70, sizes),
        ("http/x.py", "def f(a, b, c, d, e, f, g, h): ...", arguments_can_be_told_apart),
    ],
)
def test_the_checks_see_what_they_look_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, text: str, check: Check
) -> None:
    source = tmp_path / "gridgift"
    (source / "storage").mkdir(parents=True)
    (source / "storage" / "sqlite.py").touch()
    (source / where).parent.mkdir(exist_ok=True)
    (source / where).write_text(text)
    monkeypatch.setattr("tests.test_tidy.SOURCE", source)
    with pytest.raises(AssertionError):
        check(source / where)
