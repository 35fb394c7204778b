"""Files that are there whole or not at all: written under another name, then given their own."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

_PASSING: Final = frozenset(
    {errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}
)
_NO_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP})  # of a file system that can't


class Draft:
    """A new file for its owner alone, in the folder of the one that it is to become.

    Its name is short, so that any name fits that the file itself may have. Every method raises
    ``OSError``, but ``discard``.
    """

    def __init__(self, wanted: Path) -> None:
        self.path = wanted.parent / f"gridgift-{secrets.token_hex(8)}.part"
        descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        self.file: BinaryIO = os.fdopen(descriptor, "wb")

    def finish(self) -> None:
        """Wait until everything that was written is on disk, and close the file."""
        if not self.file.closed:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()

    def publish(self, path: Path) -> None:
        """Give it a name that is free. Raises ``FileExistsError`` if there is such a file or link.

        Where the file system has no hard links an empty file stands there for a moment.
        """
        self.finish()
        with _synced(path.parent):
            try:
                os.link(self.path, path)
            except FileExistsError:
                raise
            except OSError:
                path.touch(0o600, exist_ok=False)
                try:
                    self.path.replace(path)
                except OSError:
                    path.unlink()
                    raise

    def replace(self, path: Path) -> None:
        """Put it in the place of the file that may be there."""
        self.finish()
        with _synced(path.parent):
            self.path.replace(path)

    def discard(self) -> None:
        """Leave nothing under the draft's name."""
        with suppress(OSError):  # of what is still to be written
            self.file.close()
        with suppress(OSError):
            self.path.unlink()


@contextmanager
def drafted(wanted: Path) -> Iterator[Draft]:
    """Yield a draft, and leave none in the end. Raises ``OSError``."""
    draft = Draft(wanted)
    try:
        yield draft
    finally:
        draft.discard()


def may_pass(error: OSError) -> bool:
    """Tell whether what failed may be done later: a full disk, a quota, a faulty read or write."""
    return error.errno in _PASSING


@contextmanager
def _synced(folder: Path) -> Iterator[None]:
    """Wait in the end until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)  # before a name changes: it may be refused
    try:
        yield
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
