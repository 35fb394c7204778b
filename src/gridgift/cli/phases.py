"""Progress bars, in a terminal alone: a file or a pipe would keep every step of them."""

import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TimeRemainingColumn,
)


def terminal_bar(counted: ProgressColumn) -> Progress:
    """Make a progress bar on standard error; ``counted`` shows how far it is."""
    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), counted, TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not sys.stderr.isatty())


class PhaseBar:
    """A progress bar for one phase after another; entering ``shown`` shows it."""

    def __init__(self) -> None:
        self.shown = terminal_bar(MofNCompleteColumn())
        self._phase = ""
        self._task = TaskID(0)

    def begin(self, phase: str, total: int) -> None:
        """Show the next phase, of about so many rows."""
        self._phase = phase
        self._task = self.shown.add_task(phase, total=total)

    def advance(self, what: str, rows: int) -> None:
        """Count rows of a table; a total that was guessed too low is raised."""
        task = self.shown.tasks[self._task]
        done = task.completed + rows
        self.shown.update(
            self._task,
            description=f"{self._phase} {what}",
            completed=done,
            total=max(task.total or 0, done),
        )

    def advance_accounts(self, accounts: int) -> None:
        """Count accounts of the ledger."""
        self.advance("the ledger", accounts)
