"""The documentation's examples on the demo of ``make run``, with what it prints."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from gridgift.spreadsheets import UTF_8_MARK
from tests.cli.commands import CommandRunner
from tests.cli.node import Node
from tests.cli.test_demo import demo
from tests.test_examples import EXAMPLES, LANGUAGES, SHARED, installed, run


# Each of two languages comes before the other one in one of the orders.
@pytest.mark.parametrize(
    ("order", "times"),
    [(list(LANGUAGES), 2), (list(reversed(LANGUAGES)), 1)],
    ids=["twice", "in reverse"],
)
@pytest.mark.timeout(900)  # hundreds of programs
def test_every_example_runs_on_the_demo(cli: CommandRunner, order: list[str], times: int) -> None:
    for language in order:
        installed(language)
    with demo(cli) as text, Node.started() as node:
        tried = copied(cli.folder, text)
        for language in order:
            suffix, interpreter, _ = LANGUAGES[language]
            shared = {tried / language / name for name in SHARED.get(language, ())}
            files = sorted({*(tried / language).glob(f"*{suffix}")} - shared)
            assert len(files) > 20
            for file in files * times:
                in_node = interpreter == "node"
                done = node.run(file) if in_node else run(cli, file, interpreter)
                said = f"{language}/{file.name}: {done.out}{done.err}"
                assert done.code == 0, said
                assert done.err == "" or file.stem == "list_events", said  # a cursor to keep
                if not done.out.startswith(UTF_8_MARK):
                    lines = done.out.splitlines()
                    assert all(json.loads(line) is not None for line in lines), said


def test_a_program_that_fails_is_told(tmp_path: Path) -> None:
    installed("javascript")
    for text, code, err in (
        ("console.error('no'); process.exit(3); console.log('on')", 3, "no\n"),
        ("try { process.exit(2) } catch {}", 2, ""),
        ("throw new Error('broken')", 1, "Error: broken"),
        ("console.log(1)", 0, ""),
    ):
        (tmp_path / "it.mjs").write_text(text)
        with Node.started() as node:
            told = node.run(tmp_path / "it.mjs")
        assert (told.code, told.out) == (code, "" if code else "1\n")
        assert told.err.startswith(err)


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
