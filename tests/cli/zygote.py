"""Runs commands in processes of their own without importing the program each time.

One process imports ``gridgift.cli`` and forks for every command: it has its own arguments, folder,
environment, files and exit code, as from a shell. ``python -m gridgift`` itself is tested too.
Programs in Python that import ``requests`` are run alike.
"""

import io
import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from gridgift.cli import sealing

# A variable that makes it cheap to try a passphrase, which otherwise is to take half a second.
QUICK_SEALS: Final = "TEST_QUICK_SEALS"
LITTLE: Final = 1 << 8


def main() -> None:
    """Read one request a line, run it, answer with its exit code."""
    answers = os.fdopen(os.dup(1), "w")
    warm_up()
    for line in sys.stdin:
        request = json.loads(line)
        if request["program"] is not None:
            import requests  # noqa: F401 -- takes longer than all else in most programs
        pid = os.fork()
        if pid == 0:
            run(request)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def warm_up() -> None:
    """Import what commands import, the things they import late included.

    Typer reads the signature of each function of a group, twice, whichever is to run: most of a
    command's time. They stay as they are, so they are read once for all commands.
    """
    import pwd  # noqa: F401 -- for the name of whoever types

    import typer

    from gridgift.cli import command_line
    from gridgift.cli import main as command
    from gridgift.storage.migrate import migrations

    migrations("sqlite"), migrations("postgres")
    typer.main.get_params_from_function = cache(typer.main.get_params_from_function)
    typer.main.get_command(command_line())
    sys.argv = ["gridgift", "store", "list", "--database", "nothing that could be opened"]
    with suppress(SystemExit), redirect_stderr(io.StringIO()):
        command()


def run(request: dict[str, Any]) -> NoReturn:
    """Become the command."""
    os.chdir(request["folder"])
    for descriptor, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_NOCTTY),
        (2, request["err"], os.O_WRONLY),
    ):
        os.dup2(os.open(name, flags), descriptor)
    os.environ.clear()
    os.environ.update(request["environ"])
    if QUICK_SEALS in os.environ:
        sealing.COST = LITTLE  # type: ignore[misc]
    os._exit(exit_code(lambda: execute(request)))


def exit_code(run: Callable[[], None]) -> int:
    """Run something to its end, and return the exit code that Python would leave with."""
    code: Any = 0
    try:
        run()
    except SystemExit as leaving:
        code = leaving.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)


def execute(request: dict[str, Any]) -> None:
    """Run the program that is asked for, or a command."""
    if request["program"] is not None:
        sys.argv = [request["program"]]
        sys.path.insert(0, str(Path(request["program"]).parent))  # as Python itself has it
        runpy.run_path(request["program"], run_name="__main__")
        return
    from gridgift.cli import main as command

    sys.argv = ["gridgift", *request["arguments"]]
    command()


if __name__ == "__main__":
    main()
