"""Every clause of the contract that this version fulfils has a test that names it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
CONTRACT = TESTS.parent / "docs" / "contract.md"
HELD_SECTIONS = set(range(1, 11))

Place = tuple[str, int]


def clauses() -> list[str]:
    """Return the clause numbers of the held sections, in the document's order."""
    numbers = re.findall(r"^- \*\*(\d+\.\d+)\*\* ", CONTRACT.read_text(encoding="utf-8"), re.M)
    return [number for number in numbers if int(number.split(".")[0]) in HELD_SECTIONS]


def contract_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Find ``pytest.mark.contract(…)``: as decorators, in pytestmark and in pytest.param."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.contract"):
            yield node


def markers() -> dict[str, list[Place]]:
    """Return each clause number that a test names, with the places where that is."""
    named: dict[str, list[Place]] = {}
    for file in sorted(TESTS.rglob("*.py")):
        for call in contract_calls(ast.parse(file.read_text(encoding="utf-8"))):
            for argument in call.args:
                number = argument.value if isinstance(argument, ast.Constant) else None
                named.setdefault(str(number), []).append((file.name, call.lineno))
    return named


def test_clauses_are_numbered_in_order_and_without_gaps():
    found = clauses()
    assert {int(number.split(".")[0]) for number in found} == HELD_SECTIONS
    for section in HELD_SECTIONS:
        numbers = [int(n.split(".")[1]) for n in found if n.split(".")[0] == str(section)]
        assert numbers == list(range(1, len(numbers) + 1)), f"section {section}"


def test_every_clause_has_a_test():
    tested = markers()
    untested = [number for number in clauses() if number not in tested]
    assert not untested, f"{len(untested)} clauses that no test names: {', '.join(untested)}"


def test_every_marker_names_a_clause():
    known = set(clauses())
    strangers = {number: places for number, places in markers().items() if number not in known}
    assert not strangers, f"markers that name no clause: {strangers}"
