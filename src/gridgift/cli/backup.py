"""``gridgift backup``: the whole database, and its secret under a passphrase, in one file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gridgift import __version__
from gridgift.app import as_it_is
from gridgift.cli.options import DatabaseOption, JsonOption
from gridgift.cli.output import print_json, print_note
from gridgift.cli.passphrases import PassphraseOption, WithoutSecretOption, new_passphrase
from gridgift.cli.phases import PhaseBar
from gridgift.cli.sealing import seal
from gridgift.cli.session import read_settings
from gridgift.domain import secrets
from gridgift.domain.secrets import Known
from gridgift.settings import Settings, SettingsError, mask_url, secret_name, server_secret
from gridgift.storage.backup import Sealed, new_file, refuse_existing, save
from gridgift.storage.migrate import pending
from gridgift.storage.tables import Copied


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
    passphrase_file: PassphraseOption = None,
    without_secret: WithoutSecretOption = False,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Write the whole database into one file, beside a running server.

    It is one state of the database, and restores into SQLite and PostgreSQL alike. The server's
    secret is in it under a passphrase, or left out. Whoever reads the file reads everything else.
    """
    settings = read_settings(database)
    refuse_existing(file)
    known = asyncio.run(_look(settings))
    sealed = None if without_secret else _sealed(settings, known, passphrase_file)
    copied = asyncio.run(_save(settings, file, sealed))
    place = mask_url(settings.database_url)
    if json:
        rows = {name: tally.rows for name, tally in copied.tables.items()}
        ledger = {"accounts": copied.accounts, "digest": copied.heads}
        print_json(
            {"database": place, "file": str(file), "tables": rows, "ledger": ledger}
            | {"secret": sealed is not None}
        )
    print_note(f"{file} holds all of {place}, with the ledger {copied.heads}.")
    if sealed is None:
        print_note("The server's secret is not in it: keep that elsewhere, or every key is lost.")
    else:
        print_note("The server's secret is in it, under the passphrase: keep that elsewhere.")


async def _look(settings: Settings) -> Known | None:
    """Return what the database knows of its secret; None if it is older than this program."""
    async with as_it_is(settings) as database:
        lacking = pending(database.engine, await database.applied_migrations())
        return None if lacking else await database.read(secrets.known)


async def _save(settings: Settings, file: Path, sealed: Sealed | None) -> Copied:
    bar = PhaseBar()
    async with as_it_is(settings) as database:
        with new_file(file) as writer, bar.shown:
            bar.begin("writing", 0)
            return await database.snapshot(save, writer, __version__, sealed, bar.advance)


def _sealed(settings: Settings, known: Known | None, passphrase_file: Path | None) -> Sealed:
    try:
        secret = server_secret(settings)
    except SettingsError as error:
        raise SettingsError(f"{error} Or leave it out, with --without-secret.") from error
    if known is not None and known.differs_from(secret):
        raise SettingsError(
            f"{secret_name(settings)} is another secret than the one with which this database's "
            "keys were made: set that one, or leave it out with --without-secret."
        )
    return seal(secret, new_passphrase(settings, passphrase_file))
