"""The server's secret as the database remembers it: by a fingerprint, never by itself.

A database gets the fingerprint with its first secret. One in which keys were made before there were
fingerprints gets it once a key is used: a key that is signed with the secret and known here proves
that the secret is the right one.
"""

import hmac
from typing import Final

from msgspec import Struct

from gridgift.storage.database import Tx

# Said of a secret, after its name.
DIFFERS: Final = "is another secret than the one with which this database's keys were made"


class Known(Struct, frozen=True):
    """The fingerprint of the secret (None: not known), and whether keys or tokens were made."""

    fingerprint: bytes | None
    issued: bool

    @property
    def unused(self) -> bool:
        """Tell that the database never had a secret, so that any is right."""
        return self.fingerprint is None and not self.issued

    def differs_from(self, secret: bytes) -> bool:
        """Tell that the database is known to have another secret."""
        return self.fingerprint is not None and self.fingerprint != fingerprint(secret)


class Ended(Struct, frozen=True):
    """How many keys, tokens of residents and units' objects a new secret has ended.

    ``webhooks`` is how many sign with other secrets from now on, and ``operators`` of how many
    the second factor's app shows codes that don't count any more.
    """

    keys: int
    tokens: int
    units: int
    webhooks: int
    operators: int


def fingerprint(secret: bytes) -> bytes:
    """Return what tells a secret from another one and gives it away to nobody: 32 bytes."""
    return hmac.digest(secret, b"gridgift fingerprint", "sha256")


async def known(tx: Tx) -> Known:
    """Return what the database knows of its server's secret."""
    row = await tx.one("secret_known")
    assert row is not None
    return Known(row[0], bool(row[1]))


async def claim(tx: Tx, secret_fingerprint: bytes) -> Known:
    """Note the first secret of a database; return what is known now."""
    if (await known(tx)).unused:
        await note(tx, secret_fingerprint)
    return await known(tx)


async def note(tx: Tx, secret_fingerprint: bytes) -> None:
    """Note a secret that was proven to be the right one; what was noted before stays."""
    await tx.run("secret_note", fingerprint=secret_fingerprint, now=tx.now())


async def replace(tx: Tx, secret_fingerprint: bytes) -> Ended:
    """Note another secret: keys, tokens and units' objects end: none can be checked any more."""
    now = tx.now()
    await tx.run("secret_replace", fingerprint=secret_fingerprint, now=now)
    row, apps = await tx.one("webhooks_count"), await tx.one("second_factors_count")
    assert row is not None and apps is not None
    return Ended(
        await tx.run("keys_end", now=now),
        await tx.run("tokens_end", now=now),
        await tx.run("units_end"),
        row[0],
        apps[0],
    )
