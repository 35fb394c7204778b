"""``gridgift backup``: the whole database, and its secret under a passphrase, in one file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gridgift import __version__
from gridgift.app import as_it_is
from gridgift.cli.options import DatabaseOptions
from gridgift.cli.output import print_json, print_note
from gridgift.cli.passphrases import PassphraseOption, WithoutSecretOption, new_passphrase
from gridgift.cli.phases import PhaseBar
from gridgift.cli.sealing import seal
from gridgift.cli.session import read_settings
from gridgift.domain import secrets
from gridgift.settings import Settings, SettingsError, mask_url, secret_name, server_secret
from gridgift.storage.backup import Writer, new_file, refuse_existing, save
from gridgift.storage.database import Operation, Tx
from gridgift.storage.migrate import pending, require_known
from gridgift.storage.tables import Advance, Copied


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
    passphrase_file: PassphraseOption = None,
    without_secret: WithoutSecretOption = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Write the whole database into one file, beside a running server.

    It is one state of the database, and restores into SQLite and PostgreSQL alike. The server's
    secret is in it under a passphrase, or left out. Whoever reads the file reads everything else.
    """
    settings = read_settings(options.database)
    refuse_existing(file)
    knows = asyncio.run(_knows_secret(settings))
    secret = None if without_secret else _secret(settings)
    sealed = None if secret is None else seal(secret, new_passphrase(settings, passphrase_file))

    async def write(tx: Tx, writer: Writer, advance: Advance) -> Copied:
        if secret is not None and knows:  # it may have been replaced while we asked
            await _check(tx, settings, secret)
        return await save(tx, writer, __version__, sealed, advance)

    copied = asyncio.run(_save(settings, file, write))
    place = mask_url(settings.database_url)
    if options.json:
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


async def _knows_secret(settings: Settings) -> bool:
    """Tell whether the database is new enough to know its secret. Raises ``DatabaseRefused``."""
    async with as_it_is(settings) as database:
        applied = await database.applied_migrations()
        lacking = pending(database.engine, applied)
        require_known(database.engine, applied)  # all its tables, so that all are in the backup
        return not lacking


async def _save(
    settings: Settings, file: Path, write: Operation[[Writer, Advance], Copied]
) -> Copied:
    bar = PhaseBar()
    async with as_it_is(settings) as database:
        with new_file(file) as writer, bar.shown:
            bar.begin("writing", 0)
            return await database.snapshot(write, writer, bar.advance)


def _secret(settings: Settings) -> bytes:
    try:
        return server_secret(settings)
    except SettingsError as error:
        raise SettingsError(f"{error} Or leave it out, with --without-secret.") from error


async def _check(tx: Tx, settings: Settings, secret: bytes) -> None:
    """Raise ``SettingsError`` if the rows that are written know another secret."""
    known = await secrets.known(tx)
    if known.differs_from(secret):
        raise SettingsError(
            f"{secret_name(settings)} {secrets.DIFFERS}: set that one, or leave it out with "
            "--without-secret."
        )
