"""Files that commands read: each as it was at one moment, whatever is written to it meanwhile."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedRandom, BufferedReader
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, TextIO

from msgspec import Struct
from rich.progress import TaskProgressColumn

from gridgift.cli.options import UsageError
from gridgift.cli.phases import terminal_bar

BOM: Final = b"\xef\xbb\xbf"


class Copied(Struct, frozen=True):
    """A private copy of a file, with its SHA-256 and its size in bytes."""

    file: BufferedRandom
    digest: bytes
    size: int

    def text(self) -> TextIO:
        """Read the copy from its beginning; bytes that are not UTF-8 become surrogates."""
        self.file.seek(0)
        return open(
            self.file.fileno(),
            encoding="utf-8-sig",
            errors="surrogateescape",
            newline="",
            closefd=False,
        )

    def has_bom(self) -> bool:
        """Tell whether it begins with a byte order mark."""
        return os.pread(self.file.fileno(), len(BOM), 0) == BOM


@contextmanager
def private_copy(path: Path) -> Iterator[Copied]:
    """Copy a file to where nobody else writes; the copy is gone afterwards.

    Raises ``UsageError`` if the file can't be read, or was changed while it was.
    """
    if not path.is_file():
        raise UsageError(f"{path} is not a file.")
    with ExitStack() as stack:
        try:
            copy = stack.enter_context(TemporaryFile())
            with path.open("rb") as source:
                shutil.copyfileobj(source, copy)
                digest = _digest(source)
            copy.flush()
        except OSError as error:
            raise UsageError(f"{path} can't be copied to be read: {error.strerror}.") from error
        if _digest(copy) != digest:
            raise UsageError(f"{path} was changed while it was read: give the command again.")
        yield Copied(copy, digest, os.fstat(copy.fileno()).st_size)


@contextmanager
def progress(size: int, text: TextIO, doing: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar in a terminal; yield a function that moves it to the text's position."""
    with terminal_bar(TaskProgressColumn()) as bar:
        task = bar.add_task(doing, total=size)
        yield lambda: bar.update(task, completed=text.buffer.tell())


def _digest(file: BufferedRandom | BufferedReader) -> bytes:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").digest()
