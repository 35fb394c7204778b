"""The checks of ``gridgift doctor``: what was found and, if it is wrong, the remedy."""

import asyncio
import os
import shutil
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from gridgift.app import find_damage, now, opened, shared_counter
from gridgift.domain import delivering, secrets, silence, stores, texts, verifications
from gridgift.domain.delivering import Trouble
from gridgift.domain.instants import DAY, format_instant
from gridgift.domain.secrets import Known
from gridgift.settings import Settings, SettingsError, mask_url, secret_name, server_secret
from gridgift.storage.database import Database, DatabaseRefused, DatabaseUnavailable

MINIMUM_FREE: Final = 256 * 1024 * 1024  # bytes
SKEW: Final = 5_000  # milliseconds by which the clocks of several machines may differ
EARLIEST: Final = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
NAMED: Final = 5  # of the webhooks, or the units, in trouble
TOO_OPEN: Final = stat.S_IWGRP | stat.S_IRWXO  # a group may read, for backups


class Check(Struct, frozen=True):
    """The result of one check; ``remedy`` is empty where ``ok``."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Check]:
    """Run every check that these settings allow."""
    database, seen = _database(settings)
    checks = [database, _secret(settings, seen.secret)]
    if settings.sqlite_path is not None and os.access(settings.sqlite_path, os.F_OK):
        path = settings.sqlite_path
        checks += [_file(path), _disk(path), _structure(path)]
    if settings.redis_url:
        checks.append(_redis(settings))
    if seen.webhooks is not None:
        checks += [_webhooks(seen.webhooks), _units(seen.silent)]
    if seen.unverified is not None:
        checks.append(_ledger(seen.unverified))
    return [*checks, _clock(seen.newest)]


class Seen(Struct, frozen=True):
    """What the database says.

    When its newest card was granted, what it knows of its secret, of webhooks in trouble, of
    silent units (their ids), and which stores should be verified, with the faults that were found
    last (None: it never was).
    """

    newest: int | None = None
    secret: Known | None = None
    webhooks: Trouble | None = None
    silent: list[str] = []
    unverified: list[tuple[str, int | None]] | None = None


def _secret(settings: Settings, known: Known | None) -> Check:
    try:
        secret = server_secret(settings)
    except SettingsError as error:
        return Check(
            "secret", False, str(error), "Do as it says: without its secret a server knows no key."
        )
    name = secret_name(settings)
    if known is not None and known.differs_from(secret):
        found = f"{name} {secrets.DIFFERS}."
        remedy = "Restore that one, or end all keys with 'gridgift secret replace'."
        return Check("secret", False, found, remedy)
    if known is not None and known.fingerprint is not None:
        return Check("secret", True, f"{name} is the one that the database knows.")
    return Check("secret", True, f"{name} is set; the first key that is used will prove it right.")


def _database(settings: Settings) -> tuple[Check, Seen]:
    """Open the database, and leave it as it is."""

    async def look() -> Seen:
        async with opened(settings, update=False) as database:
            port: Database = database
            await port.check()
            return Seen(
                await port.read(stores.newest_card),
                await port.read(secrets.known),
                await port.read(delivering.trouble),
                await port.read(silence.everywhere),
                await port.read(verifications.in_trouble),
            )

    try:
        seen = asyncio.run(look())
    except (DatabaseRefused, DatabaseUnavailable) as error:
        remedy = (
            "Do as it says, or correct --database or GRIDGIFT_DATABASE_URL, or start the "
            "database's server."
        )
        return Check("database", False, str(error), remedy), Seen()
    place = mask_url(settings.database_url)
    return Check("database", True, f"{place} can be reached and is migrated."), seen


def _webhooks(trouble: Trouble) -> Check:
    ids = [*trouble.off, *trouble.failing]
    if not ids:
        return Check("webhooks", True, "None fails, and none was switched off for failing.")
    found = f"{len(trouble.off)} switched off, {len(trouble.failing)} failing: "
    found += _listed(ids)
    remedy = (
        "See what came of it with 'gridgift webhook deliveries ID'; 'gridgift webhook update ID "
        "--on' goes on, 'gridgift webhook remove ID' ends it."
    )
    return Check("webhooks", False, found, remedy)


def _units(silent: list[str]) -> Check:
    if not silent:
        return Check("units", True, "No terminal and no directory is silent.")
    found = f"{len(silent)} silent: {_listed(silent)}"
    remedy = (
        "Look whether the object stands where it did, and runs; 'gridgift unit pause ID' while it "
        "does not, 'gridgift unit revoke ID' ends it."
    )
    return Check("units", False, found, remedy)


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids[:NAMED]) + ("." if len(ids) <= NAMED else ", …")


def _ledger(unverified: list[tuple[str, int | None]]) -> Check:
    days = verifications.GOOD_FOR // DAY
    if not unverified:
        return Check("ledger", True, f"Every store that is older was verified within {days} days.")
    faulty = [store_id for store_id, faults in unverified if faults]
    ids = faulty or [store_id for store_id, _ in unverified]
    stores_are = texts.counted(len(ids), "store was", "stores were")
    what = "verified with faults" if faulty else f"not verified within {days} days"
    found = f"{stores_are} {what}: {_listed(ids)}"
    return Check("ledger", False, found, "Run 'gridgift verify', from cron each day or week.")


def _redis(settings: Settings) -> Check:
    async def answers() -> bool:
        counter = shared_counter(settings)
        assert counter is not None
        try:
            return await counter.answers()
        finally:
            await counter.close()

    place = mask_url(settings.redis_url)
    try:
        there = asyncio.run(answers())
    except SettingsError as error:
        return Check("redis", False, str(error), "Do as it says.")
    if not there:
        remedy = "Correct GRIDGIFT_REDIS_URL, or start the Redis server; limits hold per process."
        return Check("redis", False, f"{place} does not answer.", remedy)
    return Check("redis", True, f"{place} answers.")


def _file(path: Path) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    found = f"{path} has mode {mode:04o}."
    if mode & TOO_OPEN:
        return Check("file", False, found, f"Others could read or change it: chmod 600 {path}")
    if not os.access(path, os.W_OK) or not os.access(path.absolute().parent, os.W_OK):
        return Check("file", False, found, f"Let this user write {path} and its folder.")
    return Check("file", True, found)


def _disk(path: Path) -> Check:
    free = shutil.disk_usage(path.absolute().parent).free
    found = f"{free // 1024 // 1024} MiB are free."
    if free < MINIMUM_FREE:
        return Check("disk", False, found, "Make room: writes fail when the disk is full.")
    return Check("disk", True, found)


def _structure(path: Path) -> Check:
    try:
        damage = find_damage(path)
    except DatabaseRefused as error:  # which says nothing about what is in it
        return Check("integrity", False, str(error), "Do as it says, and look again.")
    if damage:
        remedy = "Stop the server, keep a copy of the file, restore the last good backup."
        return Check("integrity", False, "; ".join(damage[:5]), remedy)
    return Check("integrity", True, "SQLite's quick check finds nothing wrong.")


def _clock(newest: int | None) -> Check:
    at = now()
    found, remedy = f"It is {format_instant(at)}.", "Set the clock, and keep it right with NTP."
    if at < EARLIEST:
        return Check("clock", False, f"{found} That was before Gridgift was made.", remedy)
    if newest is not None and newest > at + SKEW:
        return Check(
            "clock", False, f"{found} The newest card is from {format_instant(newest)}.", remedy
        )
    return Check("clock", True, found)
