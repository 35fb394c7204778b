"""What is wrong is said of options and arguments, as they are typed: of no field of JSON."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from gridgift.cli.complaints import typed
from gridgift.views import camel
from tests.api import JO
from tests.cli.commands import REPOSITORY, CommandRunner
from tests.cli.live import file_of
from tests.cli.test_main import every_command
from tests.cli.test_texts import GOOD, parameters_of, words

BAD: Final = ("x" * 300, "2020-01-01", "0", "-5", "no.such.one")
COMMON: Final = {"database", "json", "store"}
ENDLESS: Final = {"serve", "demo"}
NAMED: Final = re.compile(r'(?:errors\[|ValidationFailed\(\{)f?"(\w+)"')
FIELDS: Final = {  # of the domain, that a refusal names, and that no shell has heard of
    field
    for path in (REPOSITORY / "src" / "gridgift" / "domain").glob("*.py")
    for field in NAMED.findall(Path(path).read_text(encoding="utf-8"))
    if "_" in field
}


@pytest.fixture
def known(cli: CommandRunner, store: str, kelly: str) -> dict[str, Any]:
    """Values that commands accept, of a store that has one of everything."""
    cli("resident", "add", JO.username, JO.uuid)
    file_of(cli, "cards.csv", "identifier,credit\n")
    card = cli.json("card", "grant", kelly, "--credit", 100)["id"]
    why = ("--reason", "prize", "--reference", "hunt")
    cli("credit", "deposit", kelly, "--amount", 50, *why)
    return GOOD | {
        "store_id": store,
        "card_id": card,
        "hold_id": cli.json("hold", "place", card, "--amount", 5, "--for", "6d")["id"],
        "key_id": cli.json("key", "create", "--name", "till", "--scope", "all")["id"],
        "spend_id": cli.json("credit", "spend", kelly, "--amount", 5, *why)["id"],
        "webhook_id": cli.json("webhook", "add", str(GOOD["url"]))["id"],
        "unit_id": cli.json("unit", "create", "--kind", "vendor", "--name", "till")["id"],
    }


def test_every_complaint_names_what_was_typed(cli: CommandRunner, known: dict[str, Any]) -> None:
    assert {"expires_at", "expires_in", "card_lifetime", "customer_origin"} <= FIELDS
    named: dict[str, set[str]] = {}
    for command in every_command():
        if command[0] in ENDLESS:
            continue
        parameters = parameters_of(command)
        names = {typed(parameter) for parameter in parameters}
        for tried in parameters:
            if tried.name in COMMON or getattr(tried, "is_flag", False):
                continue
            given = [
                word
                for each in parameters
                if each.required and each is not tried
                for word in words(each, known[str(each.name)])
            ]
            if "store" in {parameter.name for parameter in parameters}:
                given += ["--store", known["store_id"]]  # some of these make another one
            for bad in BAD:
                result = cli(*command, "--json", *given, *words(tried, bad))
                assert "Traceback" not in result.err, (command, bad)
                if result.out or not result.err.startswith("{"):
                    continue
                told = result.err_json
                complaints = told.get("errors", {}).keys()
                assert complaints <= names, (command, told)
                for field in FIELDS:
                    assert not re.search(rf"\b({field}|{camel(field)})\b", told["detail"]), told
                named.setdefault(" ".join(command), set()).update(complaints)
    assert {"NAME", "--owner", "--owner-uuid"} <= named["store create"]
    assert {"--name", "--card-lifetime", "--time-zone"} <= named["store update"]
    assert {"--expires", "--credit"} <= named["card grant"]
    assert "--for" in named["hold extend"]
    assert named["webhook add"] >= {"URL", "--type"}
    assert named["webhook update"] >= {"--url", "--type"}
    assert "--name" in named["key update"]
