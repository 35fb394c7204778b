"""The command line. ``main`` turns every refusal into one sentence and an exit code."""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, Final, NoReturn

import typer

from gridgift import __version__
from gridgift.cli.complaints import by_option, misused, name_of, parameters_of, said, sentence
from gridgift.cli.exit_codes import ExitCode, leave
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import UsageError
from gridgift.cli.output import printable
from gridgift.cli.recorded import command
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.settings import SettingsError
from gridgift.storage.database import CopyDiffers, DatabaseRefused, DatabaseUnavailable

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
    "operator",
    "secret",
    "resident",
    "customer",
    "card",
    "import",
    "hold",
    "credit",
    "token",
    "event",
    "report",
    "export",
    "webhook",
    "unit",
    "inworld",
)


VERSION: Final = ("--version", "-V")
COMPLETION: Final = "_GRIDGIFT_COMPLETE"  # by which a shell asks to complete a command line

UNWRITABLE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}

MODULES: Final = {"import": "imports"}  # where the command's name can't be the module's


def command_line(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """Make the command line of the named commands, and import no other."""
    app = Commands(
        name="gridgift",
        help="Gift cards for Second Life stores.",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(no_args_is_help=True)(_before)  # a single command keeps its name too
    for name in names:
        module = import_module(f"gridgift.cli.{MODULES.get(name, name)}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"gridgift {__version__}")
        raise typer.Exit


def _before(
    version: Annotated[
        bool,
        typer.Option(*VERSION, callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command that ``sys.argv`` names, and exit."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    app = command_line(_wanted(sys.argv[1:2] or _completed()))
    as_json = "--json" in sys.argv
    _guarded(typer.main.get_command(app), as_json=as_json)  # made once: most of a command's start


def _open_closed_streams() -> None:
    """Take a closed stream (``>&-``) as one whose text nobody wants, like ``/dev/null``."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def _wanted(first: Sequence[str]) -> Sequence[str]:
    """Return which commands can be meant by the first word of a command line."""
    if first and first[0] in VERSION:
        return ()
    return first if first and first[0] in COMMANDS else COMMANDS


def _completed() -> Sequence[str]:
    """Return the first word of what a shell wants to have completed, if it is a whole one."""
    words = os.environ.get("COMP_WORDS", "").split() if COMPLETION in os.environ else []
    return words[1:2] if len(words) > 2 else ()


def _guarded(whole: Any, *, as_json: bool) -> NoReturn:
    def refuse(
        exit_code: ExitCode, code: str, detail: str, errors: Mapping[str, Sequence[str]] = {}
    ) -> NoReturn:
        leave(exit_code, code, detail, errors, as_json=as_json)

    try:
        _check_arguments()
        command.set(name_of(whole, sys.argv[1:]))
        _run(whole, standalone_mode=not as_json)
    except typer.TyperException as error:  # without JSON typer has shown it, and how it is used
        refuse(ExitCode.UNUSABLE, "usage", said(error), misused(error))
    except typer.Abort:
        refuse(ExitCode.REFUSED, "aborted", "Aborted: nothing was done.")
    except Failure as failure:
        typed = parameters_of(whole, sys.argv[1:])
        errors = by_option(failure, typed) if isinstance(failure, ValidationFailed) else {}
        refuse(ExitCode.REFUSED, failure.code, sentence(failure, typed), errors)
    except CopyDiffers as error:
        refuse(ExitCode.REFUSED, "copy_differs", str(error))
    except DatabaseUnavailable as error:
        detail = f"The database can't be used for now: {error}."
        refuse(ExitCode.TRY_LATER, "database_unavailable", detail)
    except DatabaseRefused as error:
        refuse(ExitCode.UNUSABLE, "database_refused", str(error))
    except SettingsError as error:
        refuse(ExitCode.UNUSABLE, "settings", str(error))
    except UsageError as error:
        refuse(ExitCode.UNUSABLE, "usage", str(error))
    except BrokenPipeError:  # the reader of our output has gone, for example `| head`
        _drop_output()
        sys.exit(ExitCode.REFUSED)
    except OSError as error:
        if error.filename is not None or error.errno not in UNWRITABLE:
            raise
        _drop_output()
        detail = (
            f"The output can't be written: {error.strerror}. What the command had to change may be "
            "changed: look before you give it again."
        )
        refuse(ExitCode.REFUSED, "output_failed", detail)


def _run(whole: Any, *, standalone_mode: bool) -> NoReturn:
    """Run a command and exit, once all that it printed is written."""
    try:
        sys.exit(whole(standalone_mode=standalone_mode) or ExitCode.DONE)
    finally:
        sys.stdout.flush()


def _drop_output() -> None:
    """Let nothing that is still in the buffer be written when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
