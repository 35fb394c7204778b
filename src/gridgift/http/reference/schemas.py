"""JSON Schemas of bodies and answers, in a form from which clients can be generated."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args, get_origin

import msgspec

_TEMPLATE: Final = "#/components/schemas/{name}"


class Schemas:
    """The schemas of some types, and the ``components`` that they refer to."""

    def __init__(self, types: Iterable[Any]) -> None:
        wanted = sorted(set(types), key=str)
        found, components = msgspec.json.schema_components(wanted, ref_template=_TEMPLATE)
        of = dict(zip(wanted, found, strict=True))
        names = {
            schema["$ref"]: _TEMPLATE.format(name=_plain_name(type_))
            for type_, schema in of.items()
            if get_origin(type_) is not None and "$ref" in schema
        }
        self._of = {type_: _adapted(schema, names) for type_, schema in of.items()}
        self.components: dict[str, Any] = {}
        for name, schema in components.items():
            reference = _TEMPLATE.format(name=name)
            plain = names.get(reference, reference).rpartition("/")[2]
            self.components[plain] = _adapted(schema, names) | {"title": plain}
        for type_ in wanted:
            if shapes := getattr(type_, "refused_shapes", ()):
                self.components[type_.__name__]["not"] = (
                    {"anyOf": shapes} if shapes[1:] else shapes[0]
                )

    def of(self, type_: Any) -> dict[str, Any]:
        """Return the schema of one of the types."""
        return dict(self._of[type_])


def _plain_name(generic: Any) -> str:
    """Name ``ListResponse[GiftCardResponse]`` GiftCardListResponse: clients make it a class."""
    of = "".join(argument.__name__.removesuffix("Response") for argument in get_args(generic))
    return f"{of}{get_origin(generic).__name__}"


def _adapted(value: Any, names: Mapping[str, str]) -> Any:
    """Return a schema whose references have other ``names``, and that says what generators need.

    Generators take a property with a ``default`` for one that is always there, and demand it of
    whoever makes a request: so its description tells it. An object of whose members nothing is
    said may have any, and is taken for one that has none.
    """
    if isinstance(value, list):
        return [_adapted(inner, names) for inner in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _adapted(inner, names) for key, inner in value.items() if key != "properties"}
    if "$ref" in schema:
        schema["$ref"] = names.get(schema["$ref"], schema["$ref"])
    if all(isinstance(value, str) for value in schema.get("enum", [None])):
        schema["type"] = "string"
    default = schema.pop("default", None)
    if default is not None:
        said = f"{schema.get('description', '')} Default: {json.dumps(default)}."
        schema["description"] = said.strip()
    if value.get("properties"):
        properties = value["properties"].items()
        schema["properties"] = {name: _adapted(inner, names) for name, inner in properties}
    elif value.get("type") == "object":
        schema.setdefault("additionalProperties", True)
    return schema
