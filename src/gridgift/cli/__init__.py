"""The command line. ``main`` turns every refusal into one sentence and an exit code.

Exit codes: 0 done; 1 the operation was refused; 2 wrong usage, a bad setting, or a database that
can't be used as it is; 75 the database is out of reach for now (EX_TEMPFAIL of BSD's sysexits.h).
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Final, NoReturn

import typer

from gridgift.cli.options import UsageError, option_of
from gridgift.cli.output import print_error, printable
from gridgift.domain.failures import Failure, ResidentNotFound, ValidationFailed
from gridgift.settings import SettingsError
from gridgift.storage.database import CopyDiffers, DatabaseRefused, DatabaseUnavailable

REFUSED: Final = 1
UNUSABLE: Final = 2
TRY_LATER: Final = 75

COMMANDS: Final = (  # modules; one that has an ``app`` is a group of commands
    "serve",
    "demo",
    "migrate",
    "doctor",
    "copy",
    "backup",
    "restore",
    "verify",
    "attest",
    "store",
    "key",
    "secret",
    "resident",
    "card",
    "hold",
    "credit",
    "token",
    "event",
    "webhook",
    "unit",
)


def command_line(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """Make the command line of the named commands, and import no other."""
    app = typer.Typer(
        name="gridgift",
        help="Gift cards for Second Life stores.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(no_args_is_help=True)(lambda: None)  # a single command keeps its name too
    for name in names:
        module = import_module(f"gridgift.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def main() -> None:
    """Run the command that ``sys.argv`` names, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    named = sys.argv[1:2]
    _guarded(command_line(named if named and named[0] in COMMANDS else COMMANDS))


def _guarded(run: Callable[[], object]) -> None:
    try:
        _check_arguments()
        run()
    except Failure as failure:
        _leave(REFUSED, _sentence(failure))
    except CopyDiffers as error:
        _leave(REFUSED, str(error))
    except DatabaseUnavailable as error:
        _leave(TRY_LATER, f"The database can't be used for now: {error}.")
    except (SettingsError, DatabaseRefused, UsageError) as error:
        _leave(UNUSABLE, str(error))
    except BrokenPipeError:  # the reader of our output has gone, for example `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(REFUSED)


def _check_arguments() -> None:
    for argument in sys.argv:
        if not argument.isascii() and not _is_text(argument):
            raise UsageError(f"The argument {printable(argument)!r} is not text in UTF-8.")


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sentence(failure: Failure) -> str:
    """Return what was refused; for values that are not acceptable, each option and why."""
    if isinstance(failure, ResidentNotFound):
        return f"{failure.detail} 'gridgift resident add' makes one known."
    if not isinstance(failure, ValidationFailed):
        return failure.detail
    return " ".join(
        f"{option_of(field)}: {message}."
        for field, messages in failure.errors.items()
        for message in messages
    )


def _leave(code: int, sentence: str) -> NoReturn:
    print_error(sentence)
    sys.exit(code)
