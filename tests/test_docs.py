"""The documentation is true: settings, links, commands, error codes, the OpenAPI document."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from typer.main import get_command

import bench.__main__
import bench.postgres
from gridgift import cli
from gridgift.domain.failures import Failure
from gridgift.http.edge.guards import PUBLIC
from gridgift.http.edge.problems import BY_CODE, PROBLEMS
from gridgift.http.table import ROUTES
from gridgift.settings import VARIABLES, Settings
from tests.api import ApiFixture, served
from tests.cli.reference import PAGE, parts, reference

ROOT = Path(__file__).parent.parent
BENCH_VARIABLES = {bench.__main__.FOLDER, bench.postgres.URL}
WHOLE: Any = get_command(cli.command_line())
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def page_id(page: Path) -> str:
    """Name a page in a test's id."""
    return str(page.relative_to(ROOT))


# Settings


def test_the_table_of_settings_is_complete():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(GRIDGIFT_\w+)` \| (?:`([^`]*)`)? ?\|", readme, re.M)
    settings = Settings()
    defaults = [
        (variable, field.show(getattr(settings, field.name)))
        for variable, field in VARIABLES.items()
    ]
    assert rows == defaults


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_pages_name_only_settings_that_exist(page: Path):
    named = set(re.findall(r"\bGRIDGIFT_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")))
    assert named <= set(VARIABLES) | BENCH_VARIABLES


# Links


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_relative_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, fragment = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path) if path else page
        if not target.exists() or (fragment and fragment not in headings(target)):
            broken.append(link)
    assert not broken


def headings(page: Path) -> set[str]:
    """Return a page's headings as a link writes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found}


# Commands


def shown_commands(page: Path) -> Iterator[str]:
    """Find every ``gridgift …`` command line: in code blocks and in code within sentences."""
    text = page.read_text(encoding="utf-8")
    in_blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S))
    in_sentences = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    for line in [*in_blocks.replace("\\\n", " ").splitlines(), *in_sentences]:
        command = re.search(r"(?:^|[\s/=])gridgift ((?:--?h|[a-z]).*)", line.split("   #")[0])
        if command is not None and not line.lstrip().startswith(("Description", "git ")):
            yield command[1]


COMMANDS = sorted({command for page in PAGES for command in shown_commands(page)})


def test_commands_are_found():
    assert len(COMMANDS) > 8
    assert any(command.startswith("serve") for command in COMMANDS)
    assert len(WHOLE_COMMANDS) > 8


def resolved(command: str) -> tuple[Any, list[str]]:
    """Return the command or group of commands that a command line names, and the words after."""
    found = WHOLE
    words = shlex.split(command)
    while words and words[0] in getattr(found, "commands", {}):
        found = found.commands[words.pop(0)]
    return found, words


def is_whole(command: str) -> bool:
    """Tell a command line that can be parsed as it stands.

    A mere name of a command can not, nor one that names a file, which is not here.
    """
    files = [word for word in shlex.split(command) if word.endswith(".csv")]
    return "--help" not in command and bool(resolved(command)[1]) and not files


WHOLE_COMMANDS = [command for command in COMMANDS if is_whole(command)]


@pytest.mark.parametrize("command", COMMANDS)
def test_shown_commands_exist(command: str):
    group, words = resolved(command)
    options = {
        name for parameter in group.params for name in (*parameter.opts, *parameter.secondary_opts)
    }
    unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - {
        *options,
        "--help",
    }
    assert not unknown, f"gridgift {command}: no such option"
    if hasattr(group, "commands"):
        assert words in ([], ["--help"]), f"gridgift {command}: no such command"


@pytest.mark.parametrize("command", WHOLE_COMMANDS)
def test_whole_commands_parse(command: str):
    group, words = resolved(command)
    words = [ID if word in {"ID", "UUID", "DELIVERY"} else word for word in words]
    context = group.make_context("gridgift", words, resilient_parsing=False)
    assert not context.args


ID = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"


def test_the_list_of_commands_is_what_they_say_of_themselves():
    _, listed, _ = parts(PAGE.read_text(encoding="utf-8"))
    assert listed.strip() == reference().strip(), "run: python -m tests.cli.reference"


# Errors


def failures(kind: type[Failure] = Failure) -> Iterator[type[Failure]]:
    """Walk all failures that the program defines; the base of several has no code of its own."""
    for child in kind.__subclasses__():
        if "code" in vars(child):
            yield child
        yield from failures(child)


def test_every_failure_has_a_problem():
    ours = {kind for kind in failures() if kind.__module__.startswith("gridgift.")}
    assert ours == set(PROBLEMS)
    assert len(BY_CODE) == len(PROBLEMS), "codes are unique"


def test_every_code_has_a_page(api: ApiFixture):
    index = api.call("GET", "/errors", key=None)
    assert index.status_code == 200
    for code, problem in BY_CODE.items():
        assert f'href="/errors/{code}"' in index.text
        page = api.call("GET", f"/errors/{code}", key=None)
        assert page.status_code == 200
        assert code in page.text
        assert str(problem.status) in page.text
    assert api.call("GET", "/errors/no_such_code", key=None).status_code == 404


# The OpenAPI document


@pytest.fixture(scope="module")
def document(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The OpenAPI document as the server gives it, on any engine."""
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("document") / "gridgift.db")
    with served(f"sqlite:///{path}") as api:
        return api.call("GET", "/openapi.json", key=None).json()


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Return each operation with its name."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def examples_in(document: Any, operation: Any) -> Iterator[tuple[str, Any, Any]]:
    """Return each example of an operation: where it stands, the schema, and the value."""
    shared = document["components"]["examples"]
    for parameter in operation["parameters"]:
        if "example" in parameter:
            yield parameter["name"], parameter["schema"], parameter["example"]
    contents = [("body", operation.get("requestBody", {}).get("content", {}))]
    contents += [
        (status, response.get("content", {})) for status, response in operation["responses"].items()
    ]
    for place, content in contents:
        for media_type, described in content.items():
            where = f"{place} {media_type}"
            if "example" in described:
                yield where, described["schema"], described["example"]
            for name, example in described.get("examples", {}).items():
                named = shared[example["$ref"].removeprefix("#/components/examples/")]
                assert named["value"]["code"] == name
                assert str(named["value"]["status"]) == place
                yield f"{where} {name}", described["schema"], named["value"]


def test_the_document_is_alike_on_each_engine(document: Any, api: ApiFixture):
    response = api.call("GET", "/openapi.json", key=None)
    assert response.headers["content-type"] == "application/json"
    assert response.json() == document


def test_the_document_is_openapi_3_1(document: Any):
    assert document["openapi"].startswith("3.1.")
    complaints = [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in OPENAPI_31_VALIDATOR.iter_errors(document)
    ]
    assert not complaints


def test_the_document_has_every_route(document: Any):
    described = {name for name, _ in operations(document)}
    assert described == {f"{route.method} {route.path}" for route in ROUTES}
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))


def test_every_schema_is_one(document: Any):
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def walk(value: Any) -> Iterator[Any]:
    """Return each object within a JSON value, itself too."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from walk(inner)


def test_components_have_names_of_classes_and_are_used(document: Any):
    used = {found["$ref"] for found in walk(document["paths"]) if "$ref" in found}
    used |= {found["$ref"] for found in walk(document["components"]) if "$ref" in found}
    for sort in ("schemas", "examples", "headers"):
        for name in document["components"][sort]:
            assert re.fullmatch("[A-Za-z][A-Za-z0-9]*" if sort == "schemas" else r"[\w-]+", name)
            assert f"#/components/{sort}/{name}" in used
    for name, schema in document["components"]["schemas"].items():
        assert schema["title"] == name


def test_every_operation_says_what_it_needs_and_gives(document: Any):
    guards = {f"{route.method} {route.path}": route.guard for route in ROUTES}
    for name, operation in operations(document):
        assert operation["description"], name
        assert (operation["security"] == []) is (guards[name] == PUBLIC), name
        assert {status[0] for status in operation["responses"]} >= {"2", "4", "5"}, name


def test_every_tag_is_described_once(document: Any):
    described = [tag["name"] for tag in document["tags"] if tag["description"]]
    assert len(described) == len(set(described))
    tags = [operation["tags"] for _, operation in operations(document)]
    assert {(name,) for name in described} == {tuple(names) for names in tags}


def test_only_what_a_body_must_have_is_demanded(document: Any):
    """Generators demand a field with a ``default``, since it is always there."""
    for schema in document["components"]["schemas"].values():
        assert not [found for found in walk(schema) if "default" in found]
    for body in {route.body for route in ROUTES} - {None}:
        demanded = [field.encode_name for field in msgspec.structs.fields(body) if field.required]
        assert document["components"]["schemas"][body.__name__]["required"] == demanded


def test_objects_and_enumerations_can_be_read(document: Any):
    """Generators read an object of unknown members as one without any."""
    for schema in walk(document["components"]["schemas"]):
        if schema.get("type") == "object":
            assert schema.keys() & {"properties", "additionalProperties"}, schema
        if "enum" in schema:
            assert schema["type"] == "string", schema


def test_patterns_mean_the_same_everywhere(document: Any):
    """Lookarounds, anchors of Python's own and classes by letter are not in all languages."""
    patterns = [found["pattern"] for found in walk(document) if "pattern" in found]
    assert len(patterns) > 10
    for pattern in patterns:
        assert re.match(r"\^.*\$$", pattern), pattern
        assert not re.search(r"\(\?|\\[AZzbBdDwWsSpP]", pattern), pattern


def test_every_json_answer_and_body_has_an_example():
    for route in ROUTES:
        if route.answer is not None and route.path != "/openapi.json":
            assert route.example is not None, f"{route.method} {route.path}"
        assert (route.body is None) == (route.body_example is None), route.path


def test_every_example_fits_its_schema(document: Any):
    checked = 0
    validators: dict[str, jsonschema_rs.Draft202012Validator] = {}  # many have the same schema
    for name, operation in operations(document):
        for where, schema, value in examples_in(document, operation):
            written = json.dumps(schema)
            if written not in validators:
                whole = {**schema, "components": document["components"]}
                validators[written] = jsonschema_rs.Draft202012Validator(
                    whole, validate_formats=True
                )
            complaints = [error.message for error in validators[written].iter_errors(value)]
            assert not complaints, f"{name} {where}: {complaints}"
            checked += 1
    assert checked > 100


def test_every_answer_has_exactly_the_documented_fields(document: Any, api: ApiFixture):
    """What is sent is what the schemas describe; nothing more, nothing less."""
    card = api.grant()
    answers = {
        "StoreResponse": api.call("GET", "/v1/store").json(),
        "GiftCardResponse": card,
        "HealthResponse": api.call("GET", "/healthz", key=None).json(),
    }
    for name, answer in answers.items():
        schema = document["components"]["schemas"][name]
        assert set(answer) == set(schema["properties"]) == set(schema["required"])


# The reference page


ATTRIBUTES = re.compile(r"""(?:src|href)\s*=\s*["']([^"']*)["']""")


@pytest.mark.parametrize("path", ["/docs", "/errors", "/errors/validation_failed", "/me"])
def test_pages_load_nothing_from_elsewhere(api: ApiFixture, path: str):
    page = api.call("GET", path, key=None)
    assert page.status_code == 200
    addresses = ATTRIBUTES.findall(page.text)
    assert addresses
    for address in addresses:
        assert re.match(r"/(?!/)", address), address
        assert api.call("GET", address, key=None).status_code == 200, address
    assert re.match(r"default-src '(self|none)'", page.headers["content-security-policy"])


def test_the_reference_needs_the_vendored_files(api: ApiFixture):
    loaded = ATTRIBUTES.findall(api.call("GET", "/docs", key=None).text)
    assert [address for address in loaded if "swagger-ui" in address and address.endswith(".js")]
    assert [address for address in loaded if "swagger-ui" in address and address.endswith(".css")]
    script = api.call("GET", "/static/reference.js", key=None).text
    assert "//" not in script.replace("// ", "")


def test_public_pages_need_no_key(make_api: Callable[..., ApiFixture]):
    api = make_api()
    for route in ROUTES:
        if route.guard == PUBLIC:
            path = route.path.replace("{code}", "validation_failed")
            assert api.call("GET", path, key=None).status_code == route.status


# The unit for systemd


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_systemd_understands_the_unit(tmp_path: Path):
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    (unit,) = re.findall(r"`/etc/systemd/system/gridgift.service`:\n\n```ini\n(.*?)```", page, re.S)
    assert "/opt/gridgift/.venv/bin/gridgift serve" in unit
    path = tmp_path / "gridgift.service"
    path.write_text(unit.replace("/opt/gridgift/.venv/bin/gridgift", sys.executable))
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, "")
