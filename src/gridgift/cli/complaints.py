"""What is wrong with a command, in the words of the command line: options, not fields of JSON."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import typer

from gridgift.domain.failures import Failure, ReceiverNotFound, ResidentNotFound, ValidationFailed

_PARAMETERS: Final = {  # fields that a command's parameters are not called after
    "ends_at": "ends",
    "expires_at": "expires",
    "expires_in": "span",
    "scopes": "scope",
    "starts_at": "starts",
    "username": "owner",  # a store's
    "usernames": "username",
    "uuid": "owner_uuid",
}
_QUOTED: Final = re.compile("'([a-z_]+)'")


def parameters_of(whole: Any, words: Sequence[str]) -> Mapping[str, str]:
    """Return how people type the parameters of the command that was given, by their names.

    ``whole`` is the command line as typer makes it.
    """
    command, _ = _given(whole, words)
    named = {parameter.name: typed(parameter) for parameter in command.params}
    return {name.strip("-").replace("-", "_"): name for name in named.values()} | named


def name_of(whole: Any, words: Sequence[str]) -> str:
    """Return the name of the command that was given, with that of its group: card adjust."""
    _, names = _given(whole, words)
    return " ".join(names)


def _given(command: Any, words: Sequence[str]) -> tuple[Any, list[str]]:
    """Return the command that was given, and the words that name it."""
    names: list[str] = []
    for word in words:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        command = inner
        names.append(word)
    return command, names


def typed(parameter: Any) -> str:
    """Return how an option is typed, or what an argument is called in the help."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.name).strip("[]")


def by_option(failure: ValidationFailed, parameters: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Return what is wrong by option or argument, instead of by field of the domain.

    A complaint about one field that names another has the other in quotes.
    """

    def named(field: str) -> str:
        return parameters.get(field) or parameters.get(_PARAMETERS.get(field, ""), field)

    def told(message: str) -> str:
        return _QUOTED.sub(lambda field: parameters.get(field[1], field[0]), message)

    return {named(field): [*map(told, said)] for field, said in failure.errors.items()}


def sentence(failure: Failure, parameters: Mapping[str, str]) -> str:
    """Return what was refused; for values that are not acceptable, each option and why."""
    if isinstance(failure, ResidentNotFound | ReceiverNotFound):
        return f"{failure.detail} 'gridgift resident add' makes one known."
    if not isinstance(failure, ValidationFailed):
        return failure.detail
    return " ".join(
        f"{option}: {message}."
        for option, messages in by_option(failure, parameters).items()
        for message in messages
    )


def said(error: typer.TyperException) -> str:
    """Return the sentence that typer would print of wrong usage."""
    show: Callable[[], str] = getattr(error, "format_message", error.__str__)
    return show()


def misused(error: typer.TyperException) -> Mapping[str, Sequence[str]]:
    """Return what is wrong with an option or argument, by its name."""
    parameter = getattr(error, "param", None)
    name = str(getattr(error, "param_hint", None) or "").strip("'")
    if parameter is None and not name:
        return {}
    return {name or typed(parameter): [getattr(error, "message", "") or "is missing"]}
