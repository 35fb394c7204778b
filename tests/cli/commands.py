"""How tests run the command line, and what came of it."""

import json
import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from msgspec import Struct

REPOSITORY: Final = Path(__file__).parents[2]


class Result(Struct, frozen=True):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What is on standard output, which must be JSON and nothing else."""
        return json.loads(self.out)

    @property
    def err_json(self) -> Any:
        """Why the command was not done, as it is told to a script."""
        return json.loads(self.err.splitlines()[-1])

    def refused(self, code: int, *words: str) -> None:
        """Check that this was a refusal: one sentence on standard error, with these words."""
        assert self.code == code, self
        assert self.out == ""
        assert len(self.err.splitlines()) == 1, self.err
        for word in words:
            assert word in self.err

    def misused(self, *words: str) -> None:
        """Check that the command was not understood, and that these words say why."""
        assert (self.code, self.out) == (2, ""), self
        assert "Traceback" not in self.err
        for word in words:
            assert word in self.err


class Commands:
    """Runs commands, each in a process of its own, one at a time."""

    def __init__(self, process: "subprocess.Popen[str]", scratch: Path) -> None:
        self._process = process
        self._scratch = scratch
        self._turn = Lock()

    @classmethod
    @contextmanager
    def started(cls, scratch: Path) -> Iterator["Commands"]:
        """Start what the commands are forked from."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.zygote"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            yield cls(process, scratch)
            assert process.stdin is not None
            process.stdin.close()

    def run(
        self,
        folder: Path,
        environ: dict[str, str],
        *arguments: str,
        terminal: str | None = None,
        program: Path | None = None,
    ) -> Result:
        """Run one command to its end; what it prints goes to ``terminal``, if there is one.

        ``program`` is a file in Python to run instead.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        out, err = self._scratch / "out", self._scratch / "err"
        request = {
            "folder": str(folder),
            "environ": environ,
            "arguments": arguments,
            "program": None if program is None else str(program),
            "out": terminal or str(out),
            "err": str(err),
        }
        with self._turn:
            out.write_bytes(b"")
            err.write_bytes(b"")
            print(json.dumps(request), file=self._process.stdin, flush=True)
            code = int(self._process.stdout.readline())
            return Result(code, out.read_text(), err.read_text())


class CommandRunner:
    """A folder in which someone types commands."""

    def __init__(self, commands: Commands, folder: Path) -> None:
        self._commands = commands
        self.folder = folder
        self.environ = clean_environ()

    @property
    def settings(self) -> set[str]:
        """The names of Gridgift's settings in the environment."""
        return {name for name in self.environ if name.startswith("GRIDGIFT_")}

    def __call__(self, *arguments: object) -> Result:
        """Run ``gridgift`` with these arguments."""
        return self._commands.run(self.folder, self.environ, *map(str, arguments))

    def program(self, file: Path) -> Result:
        """Run a program in Python."""
        return self._commands.run(self.folder, self.environ, program=file)

    def in_terminal(self, columns: int, *arguments: object) -> Result:
        """Run it in a real terminal of so many columns; ``out`` is what was shown there."""
        screen, terminal = os.openpty()
        termios.tcsetwinsize(terminal, (25, columns))
        shown: list[bytes] = []
        reader = Thread(target=lambda: shown.extend(_until_closed(screen)))
        reader.start()
        environ = {**self.environ, "TERM": "xterm-256color"}
        words = map(str, arguments)
        try:
            result = self._commands.run(self.folder, environ, *words, terminal=os.ttyname(terminal))
        finally:
            os.close(terminal)
            reader.join()
            os.close(screen)
        return Result(result.code, b"".join(shown).decode().replace("\r\n", "\n"), result.err)

    def json(self, *arguments: object) -> Any:
        """Run it with ``--json``; it must succeed. Return what it answered."""
        result = self(*arguments, "--json")
        assert result.code == 0, result
        return result.json


def _until_closed(screen: int) -> Iterator[bytes]:
    """Yield what is shown on a terminal, until nobody has it open any more."""
    with suppress(OSError):
        while chunk := os.read(screen, 65_536):
            yield chunk


def clean_environ() -> dict[str, str]:
    """Return this process's environment without any setting of Gridgift."""
    return {name: text for name, text in os.environ.items() if not name.startswith("GRIDGIFT_")}
