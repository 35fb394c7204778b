"""The documentation's examples on the demo of ``make run``, with what it prints."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.cli.commands import CommandRunner
from tests.cli.test_demo import demo
from tests.test_examples import EXAMPLES, HOST, KEY, LANGUAGES, TOKEN, installed, run

PRINTED: Final = {
    HOST: r"Everything else: (\S+)/docs",
    KEY: r"API key: (\S+)",
    TOKEN: r"#ct=(\S+)",
}


# Each of two languages comes before the other one in one of the orders.
@pytest.mark.parametrize(
    ("order", "times"),
    [(list(LANGUAGES), 2), (list(reversed(LANGUAGES)), 1)],
    ids=["twice", "in reverse"],
)
def test_every_example_runs_on_the_demo(
    cli: CommandRunner, tmp_path: Path, order: list[str], times: int
) -> None:
    for language in order:
        installed(language)
    with demo(cli) as text:
        for language in order:
            suffix, interpreter, _ = LANGUAGES[language]
            files = sorted((EXAMPLES / language).glob(f"*{suffix}"))
            for file in files * times:
                done = run(tmp_path / file.name, filled_in(file, text), interpreter)
                said = f"{language}/{file.name}: {done.stdout}{done.stderr}"
                assert (done.returncode, done.stderr) == (0, ""), said
                assert all(json.loads(line) for line in done.stdout.splitlines()), said


def filled_in(file: Path, text: str) -> str:
    """Return an example with what the demo has printed: its address, its key and a token."""
    program = file.read_text(encoding="utf-8")
    for placeholder, pattern in PRINTED.items():
        found = re.search(pattern, text)
        assert found is not None, pattern
        program = program.replace(placeholder, found[1])
    return program
