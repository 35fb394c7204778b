"""A row of the dashboard's table: a page, or a form that is sent to one."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

from gridgift.dashboard.forms import Draft
from gridgift.http.edge.guards import Guard
from gridgift.http.edge.path import PathParameter
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.request import Request
from gridgift.http.edge.route import Route, Tag

P = TypeVar("P", bound=Principal)
Q = TypeVar("Q")
B = TypeVar("B")

DASHBOARD: Final = Tag("Dashboard", "Pages for the people of a store.")


class Page(Route[P, Q, B, None], Generic[P, Q, B], frozen=True, kw_only=True):
    """A page (``GET``), or a form sent to one (``POST``, with the form's fields as ``body``).

    A form is sent back by ``again``: what shows the page with what was typed, and what is wrong
    with it. It shows failures of the operation too.
    """

    tag: Tag = DASHBOARD
    summary: str = ""
    description: str = ""
    media_type: str = "text/html"
    again: Callable[[Request[P, Any, Any], Draft], Awaitable[Reply[None]]] | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a row that can't be served."""
        super().__post_init__()
        if (self.method == "POST") != (self.body is not None):
            raise ValueError(f"{self.method} {self.path}: every POST has a form, and no GET")


AnyPage = Page[Any, Any, Any]
Again = Callable[[Request[Any, Any, Any], Draft], Awaitable[Reply[None]]]


def forms_about(
    path: str,
    parameter: PathParameter[Any],
    guard: Guard[Any],
    again: Again,
    forms: Iterable[tuple[str, Any, Any]],
) -> Iterator[AnyPage]:
    """Yield the rows of the forms about one thing: the last part of a path, a handler, a form.

    ``path`` is the thing's own, with its ``parameter``.
    """
    for action, handler, body in forms:
        yield Page(
            "POST", f"{path}/{action}", guard, handler, body=body,
            path_parameters=(parameter,), again=again,
        )  # fmt: skip
