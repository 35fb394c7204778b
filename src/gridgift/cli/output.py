"""What commands print: JSON for scripts, sentences on standard error; tables are in ``tables``."""

import sys
from typing import Any

import msgspec

from gridgift.domain.instants import format_instant


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), flush=True)


def shown(value: object) -> str:
    """Write a value for people: yes and no, nothing for None, no control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(
        sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value)
    )


def instant(milliseconds: int | None) -> str | None:
    """Write an instant in ISO 8601, or None where there is none."""
    return None if milliseconds is None else format_instant(milliseconds)


def say(sentence: str) -> None:
    """Tell people something, on standard error."""
    print(shown(sentence), file=sys.stderr, flush=True)


def complain(sentence: str) -> None:
    """Tell people what went wrong, on standard error."""
    say(f"gridgift: {sentence}")
