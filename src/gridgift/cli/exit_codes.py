"""What a command ends with: its exit code, and why, for people or as JSON for scripts."""

import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final, NoReturn

import msgspec
from msgspec import Struct

from gridgift.cli.output import print_error


class ExitCode(IntEnum):
    """The exit codes of all commands; ``docs/command-line.md`` has the same table."""

    DONE = 0
    REFUSED = 1
    UNUSABLE = 2
    BROKEN = 70
    TRY_LATER = 75
    INTERRUPTED = 130


MEANINGS: Final = {
    ExitCode.DONE: "Done",
    ExitCode.REFUSED: "Refused, or something was found that is not right",
    ExitCode.UNUSABLE: "Wrong usage, a bad setting, or a database that can't be used as it is",
    ExitCode.BROKEN: "A process of the server ended because of a defect",
    ExitCode.TRY_LATER: "The database is out of reach for now; the same may succeed later",
    ExitCode.INTERRUPTED: "Ended by Ctrl-C",
}


class Trouble(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why a command was not done or not told, as ``--json`` tells it.

    ``code`` is that of the API's problem (contract section 3), or ``usage``, ``settings``,
    ``database_refused``, ``database_unavailable``, ``copy_differs``, ``aborted``,
    ``output_failed`` (done, but not told). ``errors`` are sentences by option or argument.
    """

    code: str
    title: str
    detail: str
    exit_code: int
    errors: Mapping[str, Sequence[str]] = {}


def leave(
    exit_code: ExitCode,
    code: str,
    detail: str,
    errors: Mapping[str, Sequence[str]],
    *,
    as_json: bool,
) -> NoReturn:
    """Say on standard error why a command was not done, in one line, and exit."""
    if as_json:
        trouble = Trouble(code, MEANINGS[exit_code], detail, exit_code, errors)
        print(msgspec.json.encode(trouble).decode(), file=sys.stderr, flush=True)
    else:
        print_error(detail)
    sys.exit(exit_code)
