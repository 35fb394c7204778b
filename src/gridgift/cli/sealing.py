"""The server's secret under a passphrase, for backups: scrypt and AES-256-GCM."""

import os
from typing import Final

from gridgift.storage.backup import Sealed

COST: Final = 1 << 17  # scrypt's N; with a block of 8 it takes 128 MiB and about half a second
BLOCK: Final = 8
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
PURPOSE: Final = b"gridgift backup secret"

# What encrypts is imported where it is needed: only two commands do.


class WrongPassphrase(Exception):
    """The passphrase is not the one under which the secret was sealed, or the text was changed."""


def seal(secret: bytes, passphrase: str) -> Sealed:
    """Encrypt a secret under a passphrase."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    text = AESGCM(_key(passphrase, salt)).encrypt(nonce, secret, PURPOSE)
    return Sealed(salt, nonce, text)


def unseal(sealed: Sealed, passphrase: str) -> bytes:
    """Decrypt a secret. Raises ``WrongPassphrase``."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(_key(passphrase, sealed.salt))
    try:
        return cipher.decrypt(sealed.nonce, sealed.text, PURPOSE)
    except InvalidTag as error:
        raise WrongPassphrase from error


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt, KEY_BYTES, COST, BLOCK, 1).derive(passphrase.encode())
