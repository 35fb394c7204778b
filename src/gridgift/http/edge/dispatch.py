"""From a path to its endpoint, segment by segment, however many paths there are."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

_HERE: Final = "/"  # in a node: the endpoint of the path that ends here; no segment has a slash
_ANY: Final = "{}"  # in a node: the node of whatever segment, which a parameter takes

VERSION: Final = "/v1"
EXTENDED: Final = "/ext"  # before the version, of what is Gridgift's own

Node = dict[str, Any]
Refuse = Callable[[Scope, Send, Exception], Awaitable[None]]


class Paths:
    """Finds endpoints by path templates like ``/v1/giftcards/{id}``.

    A fixed segment goes before a parameter, and a parameter takes one segment that isn't empty.
    """

    def __init__(self, endpoints: Mapping[str, ASGIApp]) -> None:
        self._root: Node = {}
        for template, endpoint in endpoints.items():
            node, names = self._root, []
            for segment in template.split("/")[1:]:
                is_parameter = segment.startswith("{")
                names += [segment[1:-1]] if is_parameter else []
                node = node.setdefault(_ANY if is_parameter else segment, {})
            node[_HERE] = endpoint, names, template

    def find(self, path: str) -> tuple[ASGIApp, dict[str, str]] | None:
        """Return a path's endpoint and its parameters, or None if no template has this form."""
        found = self._walk(path)
        if found is None:
            return None
        (endpoint, names, _), values = found
        return endpoint, dict(zip(names, values, strict=True))

    def meant(self, path: str) -> str | None:
        """Return the template that a path nearly fits: but for its slashes, or for its prefix."""
        plain = "/" + "/".join(filter(None, path.split("/")))
        near = (plain, f"{EXTENDED}{plain}", plain.removeprefix(EXTENDED), f"{VERSION}{plain}")
        found = next(filter(None, (self._walk(each) for each in near if each != path)), None)
        return None if found is None else found[0][2]

    def _walk(self, path: str) -> tuple[tuple[ASGIApp, list[str], str], list[str]] | None:
        """Return what stands at a path's end, and what its parameters take."""
        node, values = self._root, []
        for segment in path.split("/")[1:]:
            below = node.get(segment)
            if below is None or segment == _ANY:
                below = node.get(_ANY)
                if below is None or not segment:
                    return None
                values.append(segment)
            node = below
        return (node[_HERE], values) if _HERE in node else None


class Application(Router):
    """The API's endpoints by their paths; Starlette's router has the rest."""

    paths = Paths({})
    refuse: Refuse | None = None  # None: not serving yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or run the life span."""
        if scope["type"] != "http" or self.refuse is None:
            await super().__call__(scope, receive, send)
            return
        try:
            found = self.paths.find(scope["path"])
            if found is None:
                await super().__call__(scope, receive, send)
                return
            endpoint, scope["path_params"] = found
            await endpoint(scope, receive, send)
        except Exception as error:
            with suppress(Exception):  # the answer has begun, or not even this can be said
                await self.refuse(scope, send, error)
