"""Codes that people type: written in groups, and recognised by their SHA-256."""

import base64
import hashlib
from typing import Final

GROUP: Final = 5  # signs


def write(random: bytes, groups: int = 2) -> str:
    """Write a code in letters and digits none of which looks like another: ``ABCDE-23456``.

    Each group of five signs takes 25 bits of ``random``.
    """
    signs = base64.b32encode(random).decode()[: groups * GROUP]
    return "-".join(signs[at : at + GROUP] for at in range(0, len(signs), GROUP))


def digest(code: str) -> bytes:
    """Return what is stored of a code, however a person has typed it."""
    typed = "".join(code.upper().replace("-", " ").split())
    return hashlib.sha256(typed.encode(errors="replace")).digest()
