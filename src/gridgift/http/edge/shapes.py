"""Shapes of bodies that are refused, in JSON Schema: members that do not go together.

A struct has its own in a class variable ``refused_shapes``. In the document they are one ``not``,
which to generators of clients makes no other type (decision 24).
"""

from typing import Any, Final

ANYTHING: Final[dict[str, Any]] = {}
NOTHING: Final[dict[str, Any]] = {"not": {}}  # not every generator knows ``false``


def has(*names: str, **members: Any) -> dict[str, Any]:
    """Return the shape that has all of some members, with values that fit schemas."""
    schemas = dict.fromkeys(names, ANYTHING) | members
    return {"required": [*schemas], "properties": schemas}


def lacks(*names: str, **members: Any) -> dict[str, Any]:
    """Return the shape that lacks some members; others may only have values that fit schemas."""
    return {"properties": dict.fromkeys(names, NOTHING) | members}
