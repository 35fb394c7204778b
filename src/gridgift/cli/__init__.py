"""The command line. ``main`` turns every refusal into one sentence and an exit code."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, Final, NoReturn

import typer

from gridgift import __version__
from gridgift.cli.exit_codes import ExitCode, leave
from gridgift.cli.options import UsageError, option_of
from gridgift.cli.output import printable
from gridgift.domain.failures import Failure, ResidentNotFound, ValidationFailed
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
    "card",
    "hold",
    "credit",
    "token",
    "event",
    "webhook",
    "unit",
)


VERSION: Final = ("--version", "-V")
COMPLETION: Final = "_GRIDGIFT_COMPLETE"  # by which a shell asks to complete a command line


def command_line(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """Make the command line of the named commands, and import no other."""
    app = typer.Typer(
        name="gridgift",
        help="Gift cards for Second Life stores.",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(no_args_is_help=True)(_before)  # a single command keeps its name too
    for name in names:
        module = import_module(f"gridgift.cli.{name}")
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    app = command_line(_wanted(sys.argv[1:2] or _completed()))
    as_json = "--json" in sys.argv
    _guarded(partial(app, standalone_mode=not as_json), as_json=as_json)


def _wanted(first: Sequence[str]) -> Sequence[str]:
    """Return which commands can be meant by the first word of a command line."""
    if first and first[0] in VERSION:
        return ()
    return first if first and first[0] in COMMANDS else COMMANDS


def _completed() -> Sequence[str]:
    """Return the first word of what a shell wants to have completed, if it is a whole one."""
    words = os.environ.get("COMP_WORDS", "").split() if COMPLETION in os.environ else []
    return words[1:2] if len(words) > 2 else ()


def _guarded(run: Callable[[], Any], *, as_json: bool) -> NoReturn:
    def refuse(
        exit_code: ExitCode, code: str, detail: str, errors: Mapping[str, Sequence[str]] = {}
    ) -> NoReturn:
        leave(exit_code, code, detail, errors, as_json=as_json)

    try:
        _check_arguments()
        sys.exit(run() or ExitCode.DONE)
    except typer.TyperException as error:  # without JSON typer has shown it, and how it is used
        refuse(ExitCode.UNUSABLE, "usage", _said(error), _named(error))
    except typer.Abort:
        refuse(ExitCode.REFUSED, "aborted", "Aborted: nothing was done.")
    except Failure as failure:
        errors = _by_option(failure) if isinstance(failure, ValidationFailed) else {}
        refuse(ExitCode.REFUSED, failure.code, _sentence(failure), errors)
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.REFUSED)


def _said(error: typer.TyperException) -> str:
    """Return the sentence that typer would print."""
    show: Callable[[], str] = getattr(error, "format_message", error.__str__)
    return show()


def _named(error: typer.TyperException) -> Mapping[str, Sequence[str]]:
    """Return what is wrong with an option or argument, by its name."""
    parameter = getattr(error, "param", None)
    if parameter is None:
        return {}
    name = parameter.opts[-1] if parameter.param_type_name == "option" else parameter.metavar
    return {name or parameter.name: [getattr(error, "message", "") or "is missing"]}


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


def _by_option(failure: ValidationFailed) -> dict[str, Sequence[str]]:
    return {option_of(field): messages for field, messages in failure.errors.items()}


def _sentence(failure: Failure) -> str:
    """Return what was refused; for values that are not acceptable, each option and why."""
    if isinstance(failure, ResidentNotFound):
        return f"{failure.detail} 'gridgift resident add' makes one known."
    if not isinstance(failure, ValidationFailed):
        return failure.detail
    return " ".join(
        f"{option}: {message}."
        for option, messages in _by_option(failure).items()
        for message in messages
    )
