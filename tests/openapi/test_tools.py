"""The OpenAPI document before the tools that people use: linters, and generators of clients.

No linter has anything to say under its recommended rules, and each generated client is compiled or
imported and speaks with a server.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.api import KELLY
from tests.serving import Server

HERE: Final = Path(__file__).parent
EXAMPLES: Final = HERE.parent.parent / "docs" / "examples"
TOOLS: Final = Path(sys.prefix) / "openapi"  # where ``make test`` installs them
PYTHON: Final = TOOLS / "bin" / "python"
PROGRAMS: Final = TOOLS / "node_modules" / ".bin"
QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


@pytest.fixture(scope="module")
def server(shared_server: Callable[..., Server]) -> Server:
    """A server, the same for the whole file."""
    return shared_server("sqlite")


@pytest.fixture
def folder(server: Server, tmp_path: Path) -> Path:
    """A folder with ``openapi.json`` as the server gives it."""
    document = httpx2.get(f"{server.url}/openapi.json")
    (tmp_path / "openapi.json").write_bytes(document.content)
    return tmp_path


def documented(program: str) -> list[str]:
    """Return the arguments that the examples' page has for a program."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(rf"^(?:npx )?{program} (.+)$", text, re.MULTILINE)
    assert found is not None
    return shlex.split(found[1])


def run(folder: Path, program: Path | str, *arguments: Path | str, **environ: str) -> str:
    """Run a program in a folder; it must succeed. Return what it wrote, its errors last."""
    path = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, **QUIET, **environ},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def installed(program: Path) -> Path:
    """Return a tool's path, or skip the test and say what is missing."""
    if not program.exists():
        pytest.skip(f"{program.name} is not here: `make test` installs it, what is Node's with npm")
    return program


def check_client(server: Server, folder: Path, *program: Path | str, **environ: str) -> None:
    """Let a client speak with a server: it prints a customer's cards, one, and a refusal's code."""
    store = server.with_new_store()
    printed = run(folder, *program, store.url, store.key, KELLY.username, **environ)
    cards, card, code = [json.loads(line) for line in printed.splitlines()]
    with store.client() as client:
        page: Any = client.get(f"/v1/customers/{KELLY.uuid}/giftcards").json()
    assert cards == page["data"]
    assert cards == [card]
    assert (card["credit"], card["transfer"], card["ownerUuid"]) == (500, False, KELLY.uuid)
    assert code == "gift_card_not_found"


def test_redocly(folder: Path):
    report = run(
        folder, installed(PROGRAMS / "redocly"), "lint", "--format", "json", "openapi.json"
    )
    found = json.loads(report[report.index("{") : report.rindex("}") + 1])
    assert (found["problems"], found["totals"]["ignored"]) == ([], 0)


def test_spectral(folder: Path):
    rules = ("--ruleset", HERE / "spectral.yaml")
    report = run(
        folder,
        installed(PROGRAMS / "spectral"),
        "lint",
        "--quiet",
        "--format",
        "json",
        *rules,
        "openapi.json",
    )
    assert json.loads(report) == [], report


def test_typescript(folder: Path, server: Server):
    said = run(
        folder, installed(PROGRAMS / "openapi-typescript"), *documented("openapi-typescript")
    )
    assert len(said.splitlines()) == 2, f"a warning: {said}"  # its version, and the file's name
    (folder / "node_modules").symlink_to(TOOLS / "node_modules")
    shutil.copy(HERE / "package.json", folder)
    shutil.copy(HERE / "client.ts", folder)
    run(
        folder,
        installed(PROGRAMS / "tsc"),
        *("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"),
        *("--target", "es2022", "--module", "nodenext", "client.ts"),
    )
    check_client(server, folder, "node", "client.js")


def test_openapi_python_client(folder: Path, server: Server):
    name = "openapi-python-client"
    strictly = ("--fail-on-warning", "--config", HERE / "python-client.yaml")
    said = run(folder, installed(PYTHON.with_name(name)), *documented(name), *strictly)
    assert len(said.splitlines()) == 1, f"a warning: {said}"  # the folder's name
    package = folder / "gridgift-client"
    check_client(server, folder, PYTHON, HERE / "client.py", PYTHONPATH=str(package))


def test_datamodel_code_generator(folder: Path, server: Server):
    name = "datamodel-codegen"
    said = run(folder, installed(PYTHON.with_name(name)), *documented(name))
    assert said == ""
    check_client(server, folder, PYTHON, HERE / "models_client.py", PYTHONPATH=str(folder))
