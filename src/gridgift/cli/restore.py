"""``gridgift restore``: an empty database filled from a backup, and what it can't know."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from gridgift.app import as_it_is
from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import DatabaseOptions, UsageError
from gridgift.cli.output import print_json, print_note
from gridgift.cli.passphrases import PassphraseOption, WithoutSecretOption, known_passphrase
from gridgift.cli.phases import PhaseBar
from gridgift.cli.sealing import WrongPassphrase, unseal
from gridgift.cli.session import now, operator, read_settings
from gridgift.cli.tables import print_table
from gridgift.cli.verify import ignore
from gridgift.domain import events, keys, secrets, stores, texts, verify
from gridgift.domain.model import Key
from gridgift.fields import written
from gridgift.settings import Settings, check_kept_secret, keep_secret, mask_url, secret_file
from gridgift.storage.backup import Header, fill, inspect, lacking, require_empty
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable, Tx
from gridgift.storage.migrate import Port, migrate
from gridgift.storage.tables import Copied

SecretToOption = Annotated[
    Path | None,
    typer.Option("--secret-to", metavar="FILE", help="Where to write the secret."),
]


class Restored(Struct, frozen=True):
    """What was restored: the rows, the faults of the ledger, and the keys that work."""

    copied: Copied
    faults: int
    keys: list[Key]


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What 'gridgift backup' wrote.")],
    passphrase_file: PassphraseOption = None,
    without_secret: WithoutSecretOption = False,
    secret_to: SecretToOption = None,
    *,
    options: DatabaseOptions,
) -> None:
    """Fill an empty database from a backup. Both are compared, and the ledger is verified.

    All or nothing is kept. A backup of an older Gridgift is migrated. The exit code is 1 if the
    ledger does not add up.
    """
    settings = read_settings(options.database)
    header, _ = inspect(file)
    kept = None
    if header.secret is not None and not without_secret:
        kept = _place(settings, secret_to), _unsealed(settings, file, header, passphrase_file)
        _check_secret(settings, *kept)
    done = asyncio.run(_restore(settings, file, header, kept))
    _report(settings, file, header, done, options.json)
    if done.faults:
        raise typer.Exit(ExitCode.REFUSED)


_THE_REST: Final = "nothing was restored. The rest is restored --without-secret."
Kept = tuple[Path | None, str]  # where the secret is to be written (None: it is set), and itself


async def _restore(settings: Settings, file: Path, header: Header, kept: Kept | None) -> Restored:
    """Restore; if that is refused or broken off, no file is left that was not there before."""
    places = (settings.sqlite_path, None if kept is None else kept[0])
    new = [path for path in places if path is not None and not path.exists()]
    try:
        async with as_it_is(settings, create=True) as database:
            return await _restore_into(database, file, header, kept)
    except BaseException:
        if new and await _is_empty(settings):  # else the rows are there, and need their secret
            for path in new:
                path.unlink(missing_ok=True)
        raise


async def _is_empty(settings: Settings) -> bool:
    with suppress(DatabaseRefused, DatabaseUnavailable):
        async with as_it_is(settings, create=True) as database:
            await database.read(require_empty)
            return True
    return False


async def _restore_into(database: Port, file: Path, header: Header, kept: Kept | None) -> Restored:
    steps = await lacking(database, file, header)
    if kept is not None and kept[0] is not None:  # first: no database is ever without
        keep_secret(kept[0], kept[1])

    async def check(tx: Tx) -> None:
        if kept is not None and header.knows_secret:
            known = await secrets.known(tx)
            if known.differs_from(kept[1].encode()):
                raise DatabaseRefused(f"The secret in {file} {secrets.DIFFERS}; {_THE_REST}")

    bar = PhaseBar()
    with bar.shown:
        bar.begin("restoring", 0)
        copied = await fill(database, file, steps, bar.advance, check)
        await migrate(database, now())
        await database.write(events.restore, operator, header.made_at)
        bar.begin("verifying", copied.accounts)
        faults = await database.snapshot(verify.verify, ignore, bar.advance_accounts)
    return Restored(copied, faults, await database.read(_working_keys))


def _unsealed(settings: Settings, file: Path, header: Header, passphrase_file: Path | None) -> str:
    assert header.secret is not None
    try:
        return unseal(header.secret, known_passphrase(settings, passphrase_file)).decode()
    except WrongPassphrase:
        raise UsageError(f"That is not the passphrase of {file}; {_THE_REST}") from None


def _place(settings: Settings, secret_to: Path | None) -> Path | None:
    """Return where to write the secret: None if it is set in the environment."""
    if secret_to is not None:
        return secret_to
    if settings.secret:
        return None
    if settings.sqlite_path is not None:
        return secret_file(settings.sqlite_path)
    raise UsageError(
        "Set GRIDGIFT_SECRET to the backup's secret, or say with --secret-to into which file to "
        "write it, or leave it out with --without-secret."
    )


def _check_secret(settings: Settings, place: Path | None, secret: str) -> None:
    """Raise if the secret contradicts the one that is set, or that is in its place."""
    if settings.secret and settings.secret != secret:
        raise UsageError(
            "GRIDGIFT_SECRET is another secret than the backup's: unset it, or restore without the "
            "backup's with --without-secret."
        )
    if place is not None:
        check_kept_secret(place, secret)


async def _working_keys(tx: Tx) -> list[Key]:
    at = tx.now()
    return [
        key
        for store in await stores.list_all(tx)
        for key in await keys.list_of(tx, store.id)
        if key.works(at)
    ]


def _report(settings: Settings, file: Path, header: Header, done: Restored, json: bool) -> None:
    place, at = mask_url(settings.database_url), written(header.made_at)
    if json:
        copied = done.copied
        rows = {name: tally.rows for name, tally in copied.tables.items()}
        ledger = {"accounts": copied.accounts, "digest": copied.heads, "faults": done.faults}
        working = [{"store": key.store_id, "id": key.id, "name": key.name} for key in done.keys]
        print_json(
            {"database": place, "file": str(file), "madeAt": at, "gridgift": header.program}
            | {"tables": rows, "ledger": ledger, "keys": working}
        )
    elif done.keys:
        rows_of_keys = [(key.store_id, key.id, key.name, key.preview) for key in done.keys]
        print_table(("STORE", "ID", "KEYS THAT WORK", "KEY"), rows_of_keys)
    print_note(f"{place} is as it was at {at}, with the ledger {done.copied.heads}.")
    if done.faults:
        said = texts.counted(done.faults, "fault")
        print_note(f"The ledger has {said}: see 'gridgift verify'.")
    keys_work = texts.counted(len(done.keys), "key works", "keys work")
    print_note(
        f"What came after {at} is not known here. {keys_work}: end again those that were revoked "
        "since ('gridgift key revoke ID'), and residents' links ('gridgift token revoke'). A write "
        "that was answered since, and is sent again with its Idempotency-Key, is done again."
    )
    if header.secret is None:
        print_note("The backup has no secret: put the old one back, or no key works.")
