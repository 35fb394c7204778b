"""The report of a file's refused rows: a CSV file like it, which appears when it is whole."""

import csv
import filecmp
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import count
from pathlib import Path

from gridgift.cli.options import UsageError
from gridgift.cli.output import printable
from gridgift.grant_csv import GrantCsv, Line
from gridgift.whole_files import Draft


class ReportUnwritable(UsageError):
    """The report can't be where it is wanted, or there is no room for it."""


class RefusedRows:
    """Writes refused rows as they stand in the file, each with its line and its problem.

    ``path`` is where they went, None if there were none. A report never takes the place of another
    file, which someone may have mended: it is given the next free name. Every method raises
    ``ReportUnwritable``.
    """

    def __init__(self, wanted: Path, grants: GrantCsv, encoding: str) -> None:
        self._wanted = wanted
        self._csv = grants
        self._encoding = encoding
        self.rows = 0
        self.path: Path | None = None

    def __enter__(self) -> "RefusedRows":
        with self._explained():
            self._draft = Draft(self._wanted)
        self._text = TextIOWrapper(
            self._draft.file, encoding=self._encoding, errors="surrogateescape", newline=""
        )
        self._writer = csv.writer(self._text, delimiter=self._csv.delimiter, lineterminator="\n")
        return self

    def add(self, line: Line, problem: str) -> None:
        """Add a refused row; one that could not be split is in its first column as it stands."""
        if not self.rows:
            self._write(self._csv.report_header())
        self._write(self._csv.report_row(line, printable(problem)))
        self.rows += 1

    def __exit__(self, sort: object, error: object, trace: object) -> None:
        try:
            if error is None and self.rows:
                with self._explained():
                    self._text.flush()
                    self._draft.finish()
                    self.path = self._publish()
        finally:
            self._draft.discard()

    def _write(self, cells: Sequence[object]) -> None:
        with self._explained():
            self._writer.writerow(cells)

    def _publish(self) -> Path:
        """Name the draft; a report that is there already, of a run that broke off, stays."""
        for path in _names(self._wanted):
            if path.exists() and filecmp.cmp(self._draft.path, path, shallow=False):
                return path
            try:
                self._draft.publish(path)
            except FileExistsError:
                continue
            return path
        raise AssertionError("there is always another name")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReportUnwritable(
                f"The report {self._wanted} can't be written: {error.strerror}."
            ) from error


def _names(wanted: Path) -> Iterator[Path]:
    """Yield the name that is wanted, and then others like it."""
    yield wanted
    yield from (wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}") for n in count(2))
