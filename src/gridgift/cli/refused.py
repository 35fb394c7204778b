"""The report of a file's refused rows: a CSV file like it, which appears when it is whole."""

import csv
import filecmp
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from gridgift.cli.options import UsageError
from gridgift.cli.output import printable
from gridgift.grant_csv import LINE, PROBLEM, GrantCsv, Line


class RefusedRows:
    """Writes refused rows as they stand in the file, each with its line and its problem.

    ``path`` is where they went, None if there were none. A report never takes the place of another
    file, which someone may have mended: it is given the next free name.
    """

    def __init__(self, wanted: Path, grants: GrantCsv, encoding: str) -> None:
        self._wanted = wanted
        self._draft = wanted.with_name(f".{wanted.name}.{os.getpid()}")
        self._csv = grants
        added = {LINE, PROBLEM}  # the file may be a report itself
        self._keep = [n for n, name in enumerate(grants.header) if name.lower() not in added]
        self._encoding = encoding
        self.rows = 0
        self.path: Path | None = None

    def __enter__(self) -> "RefusedRows":
        try:
            self._text = self._draft.open(
                "w", encoding=self._encoding, errors="surrogateescape", newline=""
            )
        except OSError as error:
            raise self._unwritable(error) from error
        self._writer = csv.writer(self._text, delimiter=self._csv.delimiter, lineterminator="\n")
        self._writer.writerow([*(self._csv.header[n] for n in self._keep), LINE, PROBLEM])
        return self

    def add(self, line: Line, problem: str) -> None:
        """Add a refused row; one that could not be split is in its first column as it stands."""
        cells = line.cells + [""] * (len(self._csv.header) - len(line.cells))
        rest = cells[len(self._csv.header) :]
        kept = [cells[n] for n in self._keep]
        self._writer.writerow([*kept, line.number, printable(problem), *rest])
        self.rows += 1

    def __exit__(self, sort: object, error: object, trace: object) -> None:
        self._text.flush()
        os.fsync(self._text.fileno())
        self._text.close()
        try:
            if error is None and self.rows:
                self.path = self._publish()
        except OSError as failed:
            raise self._unwritable(failed) from failed
        finally:
            self._draft.unlink(missing_ok=True)

    def _publish(self) -> Path:
        """Name the draft; a report that is there already, of a run that broke off, stays."""
        for path in _names(self._wanted):
            if path.exists() and filecmp.cmp(self._draft, path, shallow=False):
                return path
            try:
                path.open("x").close()
            except FileExistsError:
                continue
            return self._draft.replace(path)
        raise AssertionError("there is always another name")

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(f"The report {self._wanted} can't be written: {error.strerror}.")


def _names(wanted: Path) -> Iterator[Path]:
    """Yield the name that is wanted, and then others like it."""
    yield wanted
    yield from (wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}") for n in count(2))
