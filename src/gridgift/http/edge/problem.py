"""A row of the table of problems: how one failure looks over HTTP."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct


def data(name: str) -> Callable[[Any], Any]:
    """Return what reads an attribute of a failure."""
    return lambda failure: getattr(failure, name)


class Problem(Struct, frozen=True):
    """How a failure looks over HTTP; ``remedy`` is what the page on its code advises.

    ``members`` are the problem's own, beside those that all have: each made from the failure.
    ``examples`` shows a value of each of them.
    """

    status: int
    title: str
    remedy: str
    conflict: bool = False
    members: Mapping[str, Callable[[Any], Any]] = {}
    examples: Mapping[str, Any] = {}

    def status_at(self, path: str) -> int:
        """Conflicts with the present state are 400 under /v1 and 409 elsewhere."""
        return 409 if self.conflict and path.startswith(("/ext/", "/inworld/")) else self.status
