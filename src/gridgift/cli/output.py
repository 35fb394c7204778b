"""What commands print: JSON for scripts, sentences on standard error; tables are in ``tables``."""

import sys
from typing import Any

import msgspec

from gridgift.domain import texts


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), flush=True)


def printable(value: object) -> str:
    """Return a value as text: yes or no, "" for None, and unprintable characters replaced."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return texts.legible(str(value))


def print_note(sentence: str) -> None:
    """Print a sentence for people on standard error."""
    print(printable(sentence), file=sys.stderr, flush=True)


def print_error(sentence: str) -> None:
    """Print on standard error what went wrong."""
    print_note(f"gridgift: {sentence}")
