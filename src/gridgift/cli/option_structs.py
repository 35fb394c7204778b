"""Options that several commands share, as one struct: its fields are the command's options."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

from msgspec import NODEFAULT, Struct, structs

S = TypeVar("S", bound=Struct)


def taking(options: type[S]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let typer see a command's first parameter, a struct, as an option for each of its fields.

    A field's annotation has what typer is to know of it, and a field without a default is needed.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def called(**values: Any) -> None:
            own = {name: values.pop(name) for name in options.__struct_fields__}
            command(options(**own), **values)

        shared = _parameters(options)
        rest = list(inspect.signature(command).parameters.values())[1:]
        rest = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in rest]
        parameters = [*shared, *rest]
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in parameters}
        called.__name__, called.__doc__ = command.__name__, command.__doc__
        called.__module__ = command.__module__
        return called

    return decorate


def _parameters(options: type[Struct]) -> list[inspect.Parameter]:
    hints = get_type_hints(options, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is NODEFAULT else field.default,
            annotation=hints[field.name],
        )
        for field in structs.fields(options)
    ]
