"""What ``make bench`` says while it works: one line a step, a bar for what takes long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """Says each step with the minutes and seconds since the start, on standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._started = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def say(self, what: str) -> None:
        """Print a step."""
        minutes, seconds = divmod(int(self.elapsed()), 60)
        self.console.print(f"[dim]{minutes:02d}:{seconds:02d}[/dim]  {what}")

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar; what is given is called with how much was just done."""
        self.say(what)
        columns = (
            TextColumn("       {task.description}"), BarColumn(), TaskProgressColumn(),
            TimeRemainingColumn(),
        )  # fmt: skip
        with Bar(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.advance(task, done)
