"""Runs programs in JavaScript without starting Node each time; ``node.mjs`` says how."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.cli.commands import Result

RUNNER: Final = Path(__file__).with_name("node.mjs")


class Node:
    """One process of Node, which runs programs one after another."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["Node"]:
        """Start it, and end it."""
        with subprocess.Popen(
            ["node", RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield cls(process)
            assert process.stdin is not None
            process.stdin.close()

    def run(self, file: Path) -> Result:
        """Run a program to its end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(file, file=self._process.stdin, flush=True)
        return msgspec.json.decode(self._process.stdout.readline(), type=Result)
