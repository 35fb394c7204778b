"""Options that several commands share, as one struct: its fields are the command's options."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import typer
from msgspec import NODEFAULT, Struct, structs


class Commands(typer.Typer):
    """A group of commands, whose parameters may be structs."""

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        """Return what adds a command; each field of a struct that it takes is an option of its own.

        A field's annotation has what typer is to know of it, and one without a default is needed.
        """
        add = super().command(*args, **kwargs)

        def added(command: Callable[..., None]) -> Callable[..., None]:
            add(_by_fields(command))
            return command

        return added


def _by_fields(command: Callable[..., None]) -> Callable[..., None]:
    """Return the same command with the fields of structs in place of them."""
    declared = inspect.signature(command).parameters
    taken = {name: each.annotation for name, each in declared.items() if _is_struct(each)}
    if not taken:
        return command

    def called(**values: Any) -> None:
        for name, struct in taken.items():
            values[name] = struct(
                **{field: values.pop(field) for field in struct.__struct_fields__}
            )
        command(**values)

    parameters = [
        parameter
        for each in declared.values()
        for parameter in (_fields(each.annotation) if each.name in taken else (_named(each),))
    ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__module__ = command.__module__
    return called


def _is_struct(parameter: inspect.Parameter) -> bool:
    annotation = parameter.annotation
    return isinstance(annotation, type) and issubclass(annotation, Struct)


def _named(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _fields(options: type[Struct]) -> Iterator[inspect.Parameter]:
    """Return its fields as parameters, those of the structs that it extends last."""
    defaults = {field.name: field.default for field in structs.fields(options)}
    hints = get_type_hints(options, include_extras=True)
    for struct in options.__mro__:
        for name in vars(struct).get("__annotations__", ()):
            yield inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if defaults[name] is NODEFAULT else defaults[name],
                annotation=hints[name],
            )
