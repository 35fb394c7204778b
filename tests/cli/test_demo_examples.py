"""The documentation's examples on the demo of ``make run``, with what it prints."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gridgift.spreadsheets import UTF_8_MARK
from tests.cli.commands import CommandRunner, Result
from tests.cli.test_demo import demo
from tests.test_examples import EXAMPLES, LANGUAGES, installed


# Each of two languages comes before the other one in one of the orders.
@pytest.mark.parametrize(
    ("order", "times"),
    [(list(LANGUAGES), 2), (list(reversed(LANGUAGES)), 1)],
    ids=["twice", "in reverse"],
)
@pytest.mark.timeout(900)  # each of some hundred programs is a process
def test_every_example_runs_on_the_demo(cli: CommandRunner, order: list[str], times: int) -> None:
    for language in order:
        installed(language)
    with demo(cli) as text:
        tried = copied(cli.folder, text)
        for language in order:
            suffix, interpreter, _ = LANGUAGES[language]
            files = sorted((tried / language).glob(f"*{suffix}"))
            assert len(files) == len(list((EXAMPLES / language).glob(f"*{suffix}"))) > 20
            for file in files * times:
                done = run(cli, interpreter, file)
                said = f"{language}/{file.name}: {done.out}{done.err}"
                assert done.code == 0, said
                assert done.err == "" or file.stem == "list_events", said  # a cursor to keep
                if not done.out.startswith(UTF_8_MARK):
                    lines = done.out.splitlines()
                    assert all(json.loads(line) is not None for line in lines), said


def run(cli: CommandRunner, interpreter: str, file: Path) -> Result:
    """Run an example in a process of its own."""
    if interpreter == sys.executable:
        return cli.program(file)
    done = subprocess.run(
        [interpreter, file], capture_output=True, text=True, timeout=60, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


def copied(folder: Path, text: str) -> Path:
    """Copy the examples by the commands of their page, with what the demo has printed."""
    (folder / "docs").symlink_to(EXAMPLES.parent)
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    commands = re.search(r"```sh\n(cp -r .*?)```", page, re.DOTALL)
    url = re.search(r"Everything else: (\S+)/docs", text)
    token = re.search(r"#ct=(\S+)", text)
    assert commands and url and token
    typed = commands[1].replace("http://127.0.0.1:8080", url[1]).replace("|TOKEN|", f"|{token[1]}|")
    done = subprocess.run(
        ["bash", "-e", "-c", typed], cwd=folder, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["name"] == "Moonwall Couture (demo)"
    return folder / "tried"
