"""Path parameters: how each is described, and read."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from gridgift.domain.failures import Failure
from gridgift.domain.ids import parse_uuid
from gridgift.http.edge.request import Request

T = TypeVar("T")

UUID_SCHEMA: Final = {"type": "string", "format": "uuid"}
LONGEST_SHOWN: Final = 64  # characters of a value that is no id, in the refusal that names it


class PathParameter(Struct, Generic[T], frozen=True):
    """A parameter of a path: ``{name}`` in its template.

    ``parse`` reads it, or raises. ``refusals`` are of values that can't be read or name nothing.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    example: str
    parse: Callable[[str], T]
    refusals: tuple[type[Failure], ...] = ()

    def of(self, request: Request[Any, Any, Any]) -> T:
        """Return its value in a request. Raises what ``parse`` raises."""
        return self.parse(request.path[self.name])


def id_parameter(
    name: str, description: str, example: str, not_found: type[Failure]
) -> PathParameter[str]:
    """Describe an id; a text that is no UUID names nothing, so it is not found (section 6)."""

    def parse(text: str) -> str:
        found = parse_uuid(text)
        if found is None:
            raise not_found(text[:LONGEST_SHOWN])
        return found

    return PathParameter(name, description, UUID_SCHEMA, example, parse, (not_found,))
