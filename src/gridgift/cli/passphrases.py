"""The passphrase of a backup: from a file, the environment or a prompt, never an argument."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from gridgift.cli.options import UsageError
from gridgift.settings import Settings

VARIABLE: Final = "GRIDGIFT_BACKUP_PASSPHRASE"
MINIMUM: Final = 12  # characters

PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help=f"Its first line is the passphrase; otherwise {VARIABLE}, otherwise it is asked for.",
    ),
]
WithoutSecretOption = Annotated[
    bool, typer.Option("--without-secret", help="Leave the server's secret out.")
]


def new_passphrase(settings: Settings, file: Path | None) -> str:
    """Return the passphrase for a new backup. Raises ``UsageError``."""
    passphrase = _read(settings, file, confirm=True)
    if len(passphrase) < MINIMUM:
        raise UsageError(f"The passphrase must have at least {MINIMUM} characters.")
    return passphrase


def known_passphrase(settings: Settings, file: Path | None) -> str:
    """Return the passphrase of a backup that is there. Raises ``UsageError``."""
    return _read(settings, file, confirm=False)


def _read(settings: Settings, file: Path | None, *, confirm: bool) -> str:
    if file is not None:
        return _first_line(file)
    if settings.backup_passphrase:
        return settings.backup_passphrase
    if sys.stdin.isatty():
        asked: str = typer.prompt(
            "Passphrase", hide_input=True, confirmation_prompt=confirm, err=True
        )
        return asked
    raise UsageError(
        f"The secret needs a passphrase: name a file with --passphrase-file, set {VARIABLE}, or "
        "leave the secret out with --without-secret."
    )


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise UsageError(f"The passphrase in {file} can't be read ({reason}).") from error
    return lines[0] if lines else ""
